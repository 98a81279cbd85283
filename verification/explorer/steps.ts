import { BOARD, NOTICES } from './contract.js';
import type { World } from './world.js';

/** One kind of step: its condition and its effect. */
interface Step {
  readonly isEnabled: (world: World) => boolean;
  readonly perform: (world: World) => unknown;
}

/** Milliseconds within which a reconnect or a poll comes, if it comes. */
const PATIENCE = 5_000;

function follow(what: 'Board' | 'Notices'): Step {
  return { isEnabled: ({ page }) => !page[`follows${what}`], perform: ({ page }) => page[`follow${what}`]() };
}

function leave(what: 'Board' | 'Notices'): Step {
  return { isEnabled: ({ page }) => page[`follows${what}`], perform: ({ page }) => page[`leave${what}`]() };
}

function isReaching({ page }: World): boolean {
  return !['idle', 'live', 'denied', 'closed'].includes(page.client.status.state);
}

/** Advances the time until the condition holds. */
async function until(world: World, happened: () => boolean): Promise<void> {
  await world.environment.until(happened, PATIENCE).catch(() => undefined);
}

async function sleep({ environment, network, page, verdict }: World): Promise<void> {
  network.current?.fallSilent();
  environment.setWallClock(environment.now() + 3_600_000);
  await environment.advance(1_000);
  const { state } = page.client.status;
  verdict.demand(state !== 'live', () => 'the client trusts a connection from before its sleep');
}

/** All steps, by their names in traces. */
const STEPS = {
  'publish board': { isEnabled: () => true, perform: ({ server }) => server.application.publishBoard() },
  'publish notice': { isEnabled: () => true, perform: ({ server }) => server.application.publishNotice() },
  /** The broker loses the history of the board. */
  'flush board': {
    isEnabled: ({ truth }) => truth.top(BOARD.name) !== undefined,
    perform: ({ server }) => server.broker.flush(BOARD.name),
  },
  'flush notices': {
    isEnabled: ({ truth }) => truth.top(NOTICES.name) !== undefined,
    perform: ({ server }) => server.broker.flush(NOTICES.name),
  },
  'follow board': follow('Board'),
  'leave board': leave('Board'),
  'follow notices': follow('Notices'),
  'leave notices': leave('Notices'),
  act: { isEnabled: () => true, perform: ({ page }) => page.act() },
  'act optimistically': { isEnabled: ({ page }) => page.followsBoard, perform: ({ page }) => page.act(true) },
  'authenticate narrow': {
    isEnabled: ({ page }) => page.token === 'wide',
    perform: ({ page }) => page.authenticate('narrow'),
  },
  'authenticate wide': {
    isEnabled: ({ page }) => page.token === 'narrow',
    perform: ({ page }) => page.authenticate('wide'),
  },
  /** The socket breaks. Messages to the client are lost. Messages to the server may still arrive. */
  cut: { isEnabled: ({ network }) => network.current !== undefined, perform: ({ network }) => network.current?.cut() },
  /** The machine sleeps for an hour, and its socket dies without a sign. The client looks at its clocks once a second. */
  sleep: { isEnabled: ({ network }) => network.current?.connection !== undefined, perform: sleep },
  /** The user leaves the page, and the browser keeps it in its back/forward cache. */
  'page hides': {
    isEnabled: ({ page }) => !page.isHidden,
    perform: ({ network, page, verdict }) => {
      page.hide();
      verdict.demand(network.current === undefined && network.polls.length === 0, () => 'a hidden page is connected');
    },
  },
  'page shows': { isEnabled: ({ page }) => page.isHidden, perform: ({ page }) => page.show() },
  /** Time passes until the client opens a socket. */
  reconnect: {
    isEnabled: (world) => world.network.current === undefined && isReaching(world),
    perform: (world) => until(world, () => world.network.current !== undefined),
  },
  /** Time passes until the client polls. */
  poll: {
    isEnabled: (world) => world.network.polls.length === 0 && isReaching(world),
    perform: (world) => until(world, () => world.network.polls.length > 0),
  },
  /** The next message of the socket reaches the server. The first message opens it. */
  up: {
    isEnabled: ({ network }) => network.current?.canGoUp === true,
    perform: ({ network }) => network.current?.deliverUp(),
  },
  /** The next message of the socket reaches the client. */
  down: {
    isEnabled: ({ network }) => network.current?.canGoDown === true,
    perform: ({ network }) => network.current?.deliverDown(),
  },
  /** The next message of a socket that the client has closed reaches the server. */
  'late up': {
    isEnabled: ({ network }) => network.former[0]?.canGoUp === true,
    perform: ({ network }) => network.former[0]?.deliverUp(),
  },
  /** The remaining messages to the server are lost, and the server notices the end of the socket. */
  'late lost': {
    isEnabled: ({ network }) => (network.former[0]?.up.length ?? 0) > 1,
    perform: ({ network }) => network.former[0]?.lose(),
  },
  'poll up': {
    isEnabled: ({ network }) => network.polls.some(({ state }) => state === 'asked'),
    perform: ({ network }) => network.polls.find(({ state }) => state === 'asked')?.arrive(),
  },
  'poll down': {
    isEnabled: ({ network }) => network.polls.some(({ state }) => state === 'answered'),
    perform: ({ network }) => network.polls.find(({ state }) => state === 'answered')?.deliver(),
  },
  'poll lost': {
    isEnabled: ({ network }) => network.polls.some(({ state, isAborted }) => state === 'answered' && !isAborted),
    perform: ({ network }) => network.polls.find(({ state }) => state === 'answered')?.lose(),
  },
  /** A proxy answers a poll instead of the server. */
  'poll foreign': {
    isEnabled: ({ network }) => network.polls.some(({ state }) => state === 'asked'),
    perform: ({ network }) => network.polls.find(({ state }) => state === 'asked')?.answerForeign(403),
  },
  /** A proxy answers an action instead of the server. */
  'action foreign': {
    isEnabled: ({ network }) => network.actions.some(({ state }) => state === 'asked'),
    perform: ({ network }) => network.actions.find(({ state }) => state === 'asked')?.answerForeign(401),
  },
  /** An action sent over HTTP reaches the server. */
  'action up': {
    isEnabled: ({ network }) => network.actions.some(({ state }) => state === 'asked'),
    perform: ({ network }) => network.actions.find(({ state }) => state === 'asked')?.arrive(),
  },
  'action down': {
    isEnabled: ({ network }) => network.actions.some(({ state }) => state === 'answered'),
    perform: ({ network }) => network.actions.find(({ state }) => state === 'answered')?.deliver(),
  },
  /** Its answer, or the request itself, is lost. */
  'action lost': {
    isEnabled: ({ network }) => network.actions.some(({ isAborted }) => !isAborted),
    perform: ({ network }) => network.actions.find(({ isAborted }) => !isAborted)?.lose(),
  },
  /** The oldest answer of a slow broker reaches the node. */
  'broker answers': {
    isEnabled: ({ server }) => server.broker.answers.length > 0,
    perform: ({ server }) => server.broker.answers.shift()?.arrive(),
  },
  /** The node loses its connection to the broker, which goes on for other nodes. */
  'broker away': { isEnabled: ({ server }) => !server.broker.isAway, perform: ({ server }) => server.broker.leave() },
  'broker back': { isEnabled: ({ server }) => server.broker.isAway, perform: ({ server }) => server.broker.comeBack() },
  /** The next publication does not reach the node, and the broker does not notice. */
  'broker drops': {
    isEnabled: ({ server }) => !server.broker.losesNext,
    perform: ({ server }) => (server.broker.losesNext = true),
  },
  /** The next patch or event does not reach the client. */
  'frame lost': {
    isEnabled: ({ network }) => network.current?.isLossy === true,
    perform: ({ network }) => network.current?.loseDown(),
  },
  /** The handler of an action returns. */
  'handler returns': {
    isEnabled: ({ server }) => server.application.running.length > 0,
    perform: ({ server }) => server.application.running.shift()?.finish(),
  },
} satisfies Record<string, Step>;

export type StepName = keyof typeof STEPS;

export async function perform(world: World, name: StepName): Promise<void> {
  const step: Step = STEPS[name];
  await step.perform(world);
  await world.environment.settle();
}

export function isEnabled(world: World, name: StepName): boolean {
  return STEPS[name].isEnabled(world);
}
