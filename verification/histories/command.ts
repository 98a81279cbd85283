import fc from 'fast-check';

import type { Simulation } from '@statewire/testing-nest';

import { fail } from './fail.js';
import type { Page } from './page.js';
import { restorePermissions, renewsToken, revokesConnections, revokesUser, removePermission } from './permissions.js';
import { advanceBoard, BOARDS, publishNews, type World } from './world.js';

export interface Stage {
  readonly simulation: Simulation;
  readonly world: World;
  readonly pages: readonly Page[];
  /** Whether the state of the broker outlives its process. */
  readonly keepBroker: boolean;
  /** Milliseconds between two publications. */
  readonly tick: number;
  /** Virtual time in ms until which a machine sleeps or stalls. */
  stillUntil: number;
}

/** One command for one page or for all. `size` is its duration, amount or choice. */
export interface Command {
  readonly name: CommandName;
  readonly page: number;
  readonly size: number;
  /** Milliseconds until the next command. */
  readonly pause: number;
}

/** A client compares its clocks once a second. */
const CLOCK_CHECK_MS = 1_100;

type Run = (stage: Stage, page: Page, size: number) => void | Promise<void>;

async function publish({ keepBroker, simulation, world }: Stage, times: number): Promise<void> {
  if (!simulation.server.isUp) return;
  const { bus } = simulation.server;
  for (let time = 0; time < times; time += 1) {
    await stored(simulation, keepBroker, advanceBoard(world, bus, BOARDS[time % BOARDS.length]!));
    await stored(simulation, keepBroker, publishNews(world, bus));
  }
}

/** Time passes while the broker is frozen. A broker in the process of the server answers at once. */
async function stored(simulation: Simulation, keepBroker: boolean, work: Promise<unknown>): Promise<void> {
  await (keepBroker ? simulation.outcome(work) : work);
}

/** Only a broker of its own has a link to the server. */
const linked =
  (run: (link: Simulation['brokerLink'], size: number) => void): Run =>
  ({ keepBroker, simulation }, _, size) =>
    keepBroker ? run(simulation.brokerLink, size) : undefined;

const up =
  (run: Run): Run =>
  (stage, page, size) =>
    stage.simulation.server.isUp ? run(stage, page, size) : undefined;

function standStill(stage: Stage, ms: number): void {
  stage.stillUntil = Math.max(stage.stillUntil, stage.simulation.clock.monotonic() + ms);
}

function untilAwake({ simulation, stillUntil }: Stage): number {
  return Math.max(0, stillUntil - simulation.clock.monotonic());
}

/** The clock of the client goes on while its connections die. New connections work. */
async function sleepWithDeadPath(stage: Stage, page: Page, size: number): Promise<void> {
  const { clock } = stage.simulation;
  const { client } = page;
  const before = client.status;
  client.network.blackhole('open');
  client.jumpClock(10_000 + size * 60_000);
  await clock.advance(untilAwake(stage) + CLOCK_CHECK_MS);
  const { status } = client;
  const isSame = before.state === 'live' && status.state === 'live' && before.connectionId === status.connectionId;
  if (isSame) fail(page, 'trusts a connection from before its sleep');
}

async function stayInPageCache(stage: Stage, page: Page, size: number): Promise<void> {
  const { client } = page;
  const { clock } = stage.simulation;
  // A machine that wakes up shows its page.
  await clock.advance(untilAwake(stage));
  client.hidePage();
  await clock.advance(size * 20);
  if (['live', 'polling'].includes(client.status.state)) fail(page, 'is connected although the user left it');
  client.showPage();
}

/** HTTP requests arrive twice, and there is no WebSocket beside them. */
function pollThroughRetries(_: Stage, { client: { network } }: Page, size: number): void {
  network.upgrades('reject');
  network.cut();
  network.duplicate(1 + (size % 20));
}

/** What proxies, gateways and captive portals answer: a status and a body. */
const FOREIGN_ANSWERS = [200, 302, 401, 403, 404, 407].flatMap((status) => [
  { status, body: '<html>Sign in</html>' },
  { status, body: { statusCode: status, message: 'Unauthorized' } },
]);

/** A proxy, a gateway or a captive portal answers all requests and upgrades until {@link MessageFaults.restore}. */
function answerForeign(_: Stage, { client: { network } }: Page, size: number): void {
  network.http(FOREIGN_ANSWERS[size % FOREIGN_ANSWERS.length]!);
  network.upgrades('reject');
  network.cut();
}

/** Another tab of the user acts, and vanishes before or after the answer. It confirms nothing. */
async function vanish(stage: Stage, page: Page, size: number): Promise<void> {
  const tab = page.actInTab({ isFailing: false, takes: timesOf(stage, size) });
  await stage.simulation.clock.advance(size * 10);
  tab.network.blackhole();
  tab.close();
}

/**
 * Milliseconds that an action takes before its effect, and after: none, some before, or some after. If the broker
 * outlives the process, it takes none, because no process would answer an action of a dead process.
 */
function timesOf({ keepBroker }: Stage, size: number): readonly [number, number] {
  const takes = keepBroker ? 0 : 20 * size;
  return [[0, 0] as const, [takes, 0] as const, [0, takes] as const][size % 5] ?? [0, 0];
}

/** All commands of a history. `size` is 0 to 99. */
const COMMANDS = {
  publish: (stage, _, size) => publish(stage, 1 + (size % 5)),
  'publish beyond the history': (stage) => publish(stage, 25),
  act: (stage, page, size) =>
    page.act(`${page.name}-${page.actions.length}`, {
      isOptimistic: size % 3 > 0,
      isFailing: size % 4 === 0,
      takes: timesOf(stage, size),
    }),
  'act and vanish': vanish,
  'change board': (_, page, size) => page.change(BOARDS[size % BOARDS.length]!),
  cut: (_, page) => page.client.network.cut(),
  'cut all clients': ({ simulation }) => simulation.network.cut(),
  'cut after bytes': (_, page, size) => page.client.network.cutAfter(size * 11),
  freeze: (_, page, size) => page.client.network.freeze(size * 40),
  blackhole: (_, page) => page.client.network.blackhole(),
  'half open for the client': (_, page) => page.client.network.halfOpen('client'),
  'half open for the server': (_, page) => page.client.network.halfOpen('server'),
  'stop reading': (_, page) => page.client.network.stopReading(),
  bandwidth: (_, page, size) => page.client.network.bandwidth(200 + size * 50),
  slice: (_, page, size) => page.client.network.slice(1 + (size % 7)),
  latency: (_, page, size) => page.client.network.latency(size, size),
  duplicate: (_, page, size) => page.client.network.duplicate(1 + (size % 3)),
  'poll through a proxy that retries': pollThroughRetries,
  'reject upgrades': (_, page) => page.client.network.upgrades('reject'),
  'hang upgrades': (_, page) => page.client.network.upgrades('hang'),
  'HTTP unreachable': (_, page) => page.client.network.http('unreachable'),
  'HTTP hangs': (_, page) => page.client.network.http('hang'),
  'HTTP 502': (_, page) => page.client.network.http('bad-gateway'),
  'HTTP answers lost': (_, page) => page.client.network.http('answer-lost'),
  'foreign answers': answerForeign,
  restore: (_, page) => page.client.network.restore(),
  'expire token': (_, page) => (page.client.status.state === 'live' ? page.client.expireToken() : undefined),
  sleep: (stage, page, size) => {
    page.client.sleep(size * 100);
    standStill(stage, size * 100);
  },
  'throttle timers': (stage, page, size) => {
    page.client.throttleTimers(size * 50);
    standStill(stage, size * 50);
  },
  'jump the client’s clock': async (stage, page, size) => {
    page.client.jumpClock((size - 50) * 3_600_000);
    // A sleep before the client looks at its clocks could cancel the jump.
    await stage.simulation.clock.advance(untilAwake(stage) + CLOCK_CHECK_MS);
  },
  'jump the server’s clock': ({ simulation: { server }, world }, _, size) => {
    server.process.setWallClock(server.process.now() + (size - 50) * 3_600_000);
    world.isAgeWrong = true;
  },
  'sleep with a dead path': sleepWithDeadPath,
  'page cache': stayInPageCache,
  wake: (_, page, size) => page.client.wake(size % 2 === 0 ? 'online' : 'visible'),
  'stall the server': up((stage, _, size) => {
    stage.simulation.server.stall(size * 30);
    standStill(stage, size * 30);
  }),
  'switch off': up(({ simulation }) => simulation.server.webSocket.set(false)),
  'switch on': up(({ simulation }) => simulation.server.webSocket.set(true)),
  revoke: up(async (stage, page) => void (await revokesUser(0)(stage, page))),
  'revoke its connections': up(async (stage, page) => void (await revokesConnections(stage, page))),
  'revoke with a grace period': up(async (stage, page, size) => void (await revokesUser(size * 30)(stage, page))),
  'renew the token': (_, page) => page.reauthenticate(),
  'remove a permission and revoke': up((stage, page) => removePermission(stage, page, revokesUser(0))),
  'remove a permission and revoke with a grace period': up((stage, page, size) =>
    removePermission(stage, page, revokesUser(size * 30)),
  ),
  'remove a permission and revoke connections': up((stage, page) => removePermission(stage, page, revokesConnections)),
  'remove a permission and renew the token': (stage, page) => removePermission(stage, page, renewsToken),
  'remove a permission without notice': (stage, page) => removePermission(stage, page, undefined),
  'restore all permissions': restorePermissions,
  'cut the broker': linked((link) => link.cut()),
  'freeze the broker': linked((link, size) => link.freeze(size * 20)),
  'lose a reply of the broker': linked((link) => link.loseReply()),
  crash: up((stage) => {
    forget(stage);
    stage.simulation.server.crash();
  }),
  start: (stage) => startServer(stage),
  restart: up(async (stage, _, size) => {
    forget(stage);
    await stage.simulation.server.restart({ downFor: size * 10 });
  }),
} satisfies Record<string, Run>;

/** Starts the server, if it is down. It cannot know which actions the process before it ran. */
export async function startServer(stage: Stage): Promise<void> {
  if (stage.simulation.server.isUp) return;
  forget(stage);
  await stage.simulation.server.start();
}

function forget({ keepBroker, pages }: Stage): void {
  if (!keepBroker) for (const { events } of pages) events.push({ type: 'forgotten' });
}

type CommandName = keyof typeof COMMANDS;

/** Relative frequency of the commands that start work, because faults affect work in progress. */
const ACTS = 12;
const NAMES = [...(Object.keys(COMMANDS) as CommandName[]), ...Array<CommandName>(ACTS - 1).fill('act')];

export const commands = (pages: number, maxLength: number): fc.Arbitrary<readonly Command[]> =>
  fc.array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      page: fc.nat(pages - 1),
      size: fc.nat(99),
      pause: fc.nat(1_500),
    }),
    { minLength: 1, maxLength },
  );

/** Runs one command, then waits for its pause while the board changes. */
export async function run(stage: Stage, { name, page, size, pause }: Command): Promise<void> {
  await COMMANDS[name](stage, stage.pages[page % stage.pages.length]!, size);
  const { tick } = stage;
  for (let passed = 0; passed < pause; passed += tick) {
    await publish(stage, 1);
    await stage.simulation.clock.advance(Math.min(tick, pause - passed));
  }
}
