import { heldBy as collectionsOf, type Held } from '@statewire/nest/internal/testing';
import { simulate, type Simulation } from '@statewire/testing-nest';

import { run, startServer, type Command, type Stage } from './command.js';
import { describe, isCurrent, checkHistory } from './oracle.js';
import { Page } from './page.js';
import { advanceBoard, application, BOARDS, publishNews, World } from './world.js';

export interface HistoryPlan {
  readonly seed: number;
  readonly pages: number;
  readonly keepBroker: boolean;
  /** Milliseconds between two publications during the commands. */
  readonly tick: number;
  readonly commands: readonly Command[];
}

export interface HistoryReport {
  readonly trace: readonly string[];
  /** Virtual duration in ms. */
  readonly duration: number;
}

/** Milliseconds after the last fault within which every value must be current. */
const CONVERGENCE = 5_000;
/** Milliseconds after which both sides have detected a dead connection. */
const HEARTBEAT = 3_500;
/** Milliseconds within which a client confirms an answer: with a frame of its own, or with its next poll. */
const CONFIRMATION = 2_500;
/** Minimum milliseconds after which the server has dropped histories, answers and revocations. */
const FORGETS_AFTER = 900_000;
/** Milliseconds in which every client detects ended connections: heartbeats, suspended timers, backoff. */
const QUIESCENCE = 60_000;

/** Plays one history from start to end and checks it. @throws Error for a broken promise. */
export async function play({ seed, pages, keepBroker, tick, commands }: HistoryPlan): Promise<HistoryReport> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  const world: World = new World(
    () => simulation.clock.monotonic(),
    (ms) => new Promise((resolve) => void simulation.server.process.setTimer(resolve, ms)),
  );
  const simulation: Simulation = await simulate({ ...application(world), seed, keepBroker });
  const before = heldBy(simulation);
  try {
    const names = Array.from({ length: pages }, (_, index) => `p${index}`);
    const stage: Stage = {
      simulation,
      world,
      keepBroker,
      tick,
      stillUntil: 0,
      pages: names.map((name, index) => new Page(simulation, name, names[index - 1] ?? 'nobody')),
    };
    for (const command of commands) await run(stage, command);
    await calm(stage);
    await converge(stage);
    checkHistory(stage);
    await checkForgotten(stage, seed % 2 === 0);
    const duration = simulation.clock.monotonic();
    await leave(stage, before);
    await simulation.close();
    if (uncaught.length > 0) throw new Error('Something was thrown and not caught.', { cause: uncaught[0] });
    return { trace: simulation.trace, duration };
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note);
    await simulation.abandon();
  }
}

/** Ends all faults, and waits until all clients have recovered. */
async function calm(stage: Stage): Promise<void> {
  const { keepBroker, simulation, pages, stillUntil } = stage;
  simulation.network.restore();
  if (keepBroker) simulation.brokerLink.restore();
  await startServer(stage);
  await simulation.server.webSocket.set(true);
  for (const page of pages) if (page.lacksNotice) page.reauthenticate();
  const settled = (): boolean => {
    for (const { client } of pages) if (client.status.state === 'denied') client.realtime.connect();
    return pages.every(({ client }) => client.status.state === 'live');
  };
  settled();
  await simulation.clock.advance(Math.max(0, stillUntil - simulation.clock.monotonic()));
  await simulation.until(settled, 'everybody to be live', QUIESCENCE);
  await simulation.clock.advance(HEARTBEAT);
  await simulation.until(settled, 'everybody to be live again', QUIESCENCE);
}

async function converge(stage: Stage): Promise<void> {
  const { simulation, world, pages } = stage;
  for (const boardId of BOARDS) await advanceBoard(world, simulation.server.bus, boardId);
  await publishNews(world, simulation.server.bus);
  const answered = (): boolean =>
    pages.every(({ actions }) => actions.every(({ result, code }) => result !== undefined || code !== undefined));
  const all = (): boolean => pages.every((page) => isCurrent(stage, page)) && answered();
  try {
    await simulation.until(all, 'every page to show what is true, and every action to be answered', CONVERGENCE);
  } catch (error) {
    throw new Error(pages.map((page) => describe(stage, page)).join('\n'), { cause: error });
  }
}

/** The server forgets the answers that the clients confirm, on either transport. */
async function checkForgotten({ pages, simulation }: Stage, isPolling: boolean): Promise<void> {
  if (isPolling) {
    await simulation.server.webSocket.set(false);
    await simulation.until(() => pages.every(({ client }) => client.status.state === 'polling'), 'everybody to poll');
  }
  const before = rememberedAnswers(simulation);
  for (const page of pages) page.act(`${page.name}-last`, { isOptimistic: false, isFailing: false, takes: [0, 0] });
  await simulation.until(() => pages.every(({ actions }) => actions.at(-1)?.result !== undefined), 'the last answers');
  await simulation.clock.advance(CONFIRMATION);
  const more = rememberedAnswers(simulation) - before;
  if (more > 0) throw new Error(`The server remembers ${more} answers that the clients have.`);
}

/** A broker in a process of its own shows none. */
function rememberedAnswers(simulation: Simulation): number {
  return heldBy(simulation)['Symbol(statewire:broker).claims.claims'] ?? 0;
}

/** All clients leave, and the server must return to its initial state. */
async function leave({ pages, simulation }: Stage, before: Held): Promise<void> {
  const { clock, server } = simulation;
  for (const { client } of pages) client.close();
  await simulation.until(() => server.openConnections === 0, 'the server to notice that everybody has left');
  await clock.advance(FORGETS_AFTER);
  const more = Object.entries(heldBy(simulation)).filter(
    ([where, count]) => count > (before[where] ?? (INTERNAL_TOPIC.test(where) ? MAX_INTERNAL : 0)),
  );
  if (more.length > 0) throw new Error(`The server still holds ${more.map((one) => one.join(': ')).join(', ')}`);
}

/** A node follows its internal topics for as long as it runs, and keeps their newest publication. */
const INTERNAL_TOPIC = /^Realtime(?:Switch|Connections)\.\w+\.live\.opened\.log\./;
/** The log drops the publication before the newest one with the next one. */
const MAX_INTERNAL = 2;

function heldBy({ server }: Simulation): Held {
  return { ...collectionsOf(server.app), timers: server.process.timers };
}
