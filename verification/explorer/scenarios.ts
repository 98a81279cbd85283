import type { Scenario } from './explore.js';
import type { StepName } from './steps.js';

const ALWAYS = Infinity;

function often(...steps: StepName[]): Partial<Record<StepName, number>> {
  return Object.fromEntries(steps.map((step) => [step, ALWAYS]));
}

/** A socket that breaks and reconnects, with slow messages. */
const SOCKET = often('cut', 'reconnect', 'up', 'down', 'late up', 'late lost');
const POLLING = often('poll', 'poll up', 'poll down', 'poll lost');

/** One state topic on both transports, with changing permissions. */
export const BOARD_SCENARIO: Scenario = {
  name: 'a state topic',
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...often('publish board', 'follow board', 'leave board', 'authenticate narrow', 'authenticate wide'),
    ...SOCKET,
    ...POLLING,
  },
};

/** One state topic on the socket alone, with more kinds of steps. */
const PERMISSIONS_SCENARIO: Scenario = {
  name: 'changing permissions',
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...often(
      'authenticate narrow',
      'authenticate wide',
      'follow board',
      'leave board',
      'cut',
      'reconnect',
      'up',
      'down',
    ),
    'publish board': 1,
  },
};

/** A poll with the old token is in transit while the socket gets a new token. */
export const LATE_REJECTION_SCENARIO: Scenario = {
  name: 'a late rejection',
  world: { token: 'narrow' },
  start: ['publish board', 'follow board', 'poll', 'up', 'up', 'up', 'poll up'],
  steps: { ...often('authenticate wide', 'authenticate narrow', 'poll', 'poll up', 'poll down', 'up', 'down', 'cut') },
};

/** One event topic on both transports. */
const NOTICES_SCENARIO: Scenario = {
  name: 'an event topic',
  start: ['publish notice', 'follow notices', 'calm'],
  steps: { ...often('publish notice', 'follow notices', 'leave notices'), ...SOCKET, ...POLLING },
};

/** The start of a client: no connection is open yet, and polling races against the socket. */
const FIRST_CONNECT_SCENARIO: Scenario = {
  name: 'the first connect',
  start: ['publish board', 'publish notice'],
  steps: {
    ...often('publish board', 'publish notice', 'follow board', 'follow notices'),
    ...SOCKET,
    ...POLLING,
  },
};

/** Polling has started because the socket was slow, and frames of the socket are in transit. */
const SWITCH_SCENARIO: Scenario = {
  name: 'the switch from polling',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'up', 'up', 'up'],
  steps: { ...often('publish board', 'publish notice'), ...SOCKET, ...POLLING },
};

/** A reader follows a topic again right after it left. */
const RESUBSCRIBE_SCENARIO: Scenario = {
  name: 'unsubscribe and subscribe',
  start: ['publish notice', 'follow notices', 'calm', 'leave notices', 'follow notices'],
  steps: { ...often('publish notice', 'follow notices', 'leave notices'), ...SOCKET },
};

/** An outage in which a topic publishes more than its history keeps, or loses its history. */
const OUTAGE_SCENARIO: Scenario = {
  name: 'an outage',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm', 'publish board', 'cut'],
  steps: {
    ...often('publish board', 'publish notice', 'reconnect', 'up', 'down', 'poll', 'poll up', 'poll down'),
    'flush board': 1,
    'flush notices': 1,
  },
};

/** Actions with slow handlers, resent over sockets and over HTTP. */
const ACTIONS_SCENARIO: Scenario = {
  name: 'actions',
  world: { slowActions: true },
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...SOCKET,
    ...often('poll', 'poll up', 'poll down', 'action up', 'action down', 'action lost', 'handler returns'),
    act: 2,
  },
};

/** An action is answered over HTTP, and the client confirms the answer. The first copy is still on a broken socket. */
const FORGOTTEN_ANSWERS_SCENARIO: Scenario = {
  name: 'forgotten answers',
  start: ['publish board', 'follow board', 'calm', 'act', 'cut', 'poll', 'action up', 'action down'],
  steps: {
    ...SOCKET,
    ...often('poll', 'poll up', 'poll down', 'action up', 'action down', 'action lost'),
    act: 1,
  },
};

/** A proxy answers polls and actions with pages of its own. */
const FOREIGN_ANSWERS_SCENARIO: Scenario = {
  name: 'foreign answers',
  start: ['publish board', 'follow board', 'poll'],
  steps: {
    ...often(
      'poll',
      'poll up',
      'poll down',
      'poll foreign',
      'action up',
      'action down',
      'action foreign',
      'up',
      'down',
    ),
    'publish board': 1,
    act: 1,
  },
};

/** Optimistic actions, answered on one transport and published on the other. */
const OPTIMISTIC_SCENARIO: Scenario = {
  name: 'optimistic updates',
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...SOCKET,
    ...often('poll', 'poll up', 'poll down', 'action up', 'action down', 'action lost'),
    'publish board': 2,
    'act optimistically': 2,
  },
};

/** A slow broker, so that publications come between the read and the first live frame. */
export const SLOW_BROKER_SCENARIO: Scenario = {
  name: 'a slow broker',
  row: 'R6',
  world: { slowBroker: true },
  start: ['publish board', 'follow board', 'up', 'up'],
  steps: {
    ...often('publish board', 'follow board', 'leave board', 'cut', 'reconnect', 'up', 'down', 'broker answers'),
    'flush board': 1,
  },
};

/** A slow broker with events. */
const SLOW_EVENT_BROKER_SCENARIO: Scenario = {
  name: 'a slow broker of events',
  row: 'R6',
  world: { slowBroker: true },
  start: ['publish notice', 'follow notices', 'up', 'up'],
  steps: {
    ...often('publish notice', 'follow notices', 'leave notices', 'cut', 'reconnect', 'up', 'down', 'broker answers'),
    'flush notices': 1,
  },
};

/** The node loses its connection to the broker, while other nodes publish. */
const AWAY_SCENARIO: Scenario = {
  name: 'a broker that is away',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  steps: {
    ...often('publish board', 'publish notice', 'broker away', 'broker back', 'cut', 'reconnect', 'up', 'down'),
    ...often('poll', 'poll up', 'poll down'),
    'flush board': 1,
  },
};

/** A reader that is slower than the publications. */
const SLOW_READER_SCENARIO: Scenario = {
  name: 'a slow reader',
  world: { softMark: 150 },
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  steps: { ...often('publish board', 'publish notice', 'down', 'up', 'cut', 'reconnect'), 'flush board': 1 },
};

/** Messages that are lost without a sign for either end. */
const LOSSY_SCENARIO: Scenario = {
  name: 'lost messages',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  steps: {
    ...often('publish board', 'publish notice', 'up', 'down', 'cut', 'reconnect'),
    'broker drops': 1,
    'frame lost': 1,
  },
};

/** A machine that sleeps, and a page that the browser keeps in its back/forward cache. */
const SUSPENDED_SCENARIO: Scenario = {
  name: 'sleep and the page cache',
  row: 'R22',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  steps: {
    ...often('publish board', 'publish notice', 'up', 'down', 'late up', 'page hides', 'page shows'),
    ...often('poll up', 'poll down'),
    act: 1,
    sleep: 1,
  },
};

/** A client that the server rejects. */
const REJECTED_SCENARIO: Scenario = {
  name: 'a rejected client',
  world: { token: 'rejected' },
  start: ['publish board'],
  steps: { ...often('publish board', 'follow board', 'leave board'), ...SOCKET, ...POLLING },
};

export const SCENARIOS: readonly Scenario[] = [
  BOARD_SCENARIO,
  PERMISSIONS_SCENARIO,
  LATE_REJECTION_SCENARIO,
  NOTICES_SCENARIO,
  FIRST_CONNECT_SCENARIO,
  SWITCH_SCENARIO,
  RESUBSCRIBE_SCENARIO,
  OUTAGE_SCENARIO,
  ACTIONS_SCENARIO,
  FORGOTTEN_ANSWERS_SCENARIO,
  FOREIGN_ANSWERS_SCENARIO,
  OPTIMISTIC_SCENARIO,
  SLOW_BROKER_SCENARIO,
  SLOW_EVENT_BROKER_SCENARIO,
  AWAY_SCENARIO,
  SLOW_READER_SCENARIO,
  LOSSY_SCENARIO,
  SUSPENDED_SCENARIO,
  REJECTED_SCENARIO,
];
