import type { Scenario } from './explore.js';
import type { StepName } from './steps.js';

const ALWAYS = Infinity;

function often(...steps: StepName[]): Partial<Record<StepName, number>> {
  return Object.fromEntries(steps.map((step) => [step, ALWAYS]));
}

/** A socket that breaks, comes back, and whose messages take their time. */
const SOCKET = often('cut', 'reconnect', 'up', 'down', 'late up', 'late lost');
const POLLING = often('poll', 'poll up', 'poll down', 'poll lost');

/** Everything about one state topic on both transports, rights that come and go included. */
export const BOARD_SCENARIO: Scenario = {
  name: 'a state topic',
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...often('publish board', 'follow board', 'leave board', 'authenticate narrow', 'authenticate wide'),
    ...SOCKET,
    ...POLLING,
  },
};

/** The same on the socket alone, from more sides. */
export const RIGHTS_SCENARIO: Scenario = {
  name: 'rights that change',
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

/** A poll is on its way with the old token while the socket is given a new one. */
export const LATE_REFUSAL_SCENARIO: Scenario = {
  name: 'a late refusal',
  world: { token: 'narrow' },
  start: ['publish board', 'follow board', 'poll', 'up', 'up', 'up', 'poll up'],
  steps: { ...often('authenticate wide', 'authenticate narrow', 'poll', 'poll up', 'poll down', 'up', 'down', 'cut') },
};

/** Everything about one event topic on both transports. */
export const NOTICES_SCENARIO: Scenario = {
  name: 'an event topic',
  start: ['publish notice', 'follow notices', 'calm'],
  steps: { ...often('publish notice', 'follow notices', 'leave notices'), ...SOCKET, ...POLLING },
};

/** From the first moment on: nothing is open yet, and polling races against the socket. */
export const FIRST_CONNECT_SCENARIO: Scenario = {
  name: 'the first connect',
  start: ['publish board', 'publish notice'],
  steps: {
    ...often('publish board', 'publish notice', 'follow board', 'follow notices'),
    ...SOCKET,
    ...POLLING,
  },
};

/** Polling has begun because the socket took too long, and what the socket brings is on its way. */
export const SWITCH_SCENARIO: Scenario = {
  name: 'the switch from polling',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'up', 'up', 'up'],
  steps: { ...often('publish board', 'publish notice'), ...SOCKET, ...POLLING },
};

/** Who follows anew what was just left. */
export const CHANGE_OF_MIND_SCENARIO: Scenario = {
  name: 'a change of mind',
  start: ['publish notice', 'follow notices', 'calm', 'leave notices', 'follow notices'],
  steps: { ...often('publish notice', 'follow notices', 'leave notices'), ...SOCKET },
};

/** The outage during which a topic moves on, further than its history reaches, or loses its history altogether. */
export const OUTAGE_SCENARIO: Scenario = {
  name: 'an outage',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm', 'publish board', 'cut'],
  steps: {
    ...often('publish board', 'publish notice', 'reconnect', 'up', 'down', 'poll', 'poll up', 'poll down'),
    'flush board': 1,
    'flush notices': 1,
  },
};

/** Actions whose handlers take their time, sent again over sockets and over HTTP. */
export const ACTIONS_SCENARIO: Scenario = {
  name: 'actions',
  world: { slowActions: true },
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...SOCKET,
    ...often('poll', 'poll up', 'poll down', 'action up', 'action down', 'action lost', 'handler returns'),
    act: 2,
  },
};

/** Actions whose effect is shown before the server knows of them, answered on one way and shown by the other. */
export const OPTIMISTIC_SCENARIO: Scenario = {
  name: 'optimistic updates',
  start: ['publish board', 'follow board', 'calm'],
  steps: {
    ...SOCKET,
    ...often('poll', 'poll up', 'poll down', 'action up', 'action down', 'action lost'),
    'publish board': 2,
    'act optimistically': 2,
  },
};

/** A broker whose answers take their time, so that publications fall between reading and going live. */
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

/** The same with events. */
export const SLOW_EVENT_BROKER_SCENARIO: Scenario = {
  name: 'a slow broker of events',
  row: 'R6',
  world: { slowBroker: true },
  start: ['publish notice', 'follow notices', 'up', 'up'],
  steps: {
    ...often('publish notice', 'follow notices', 'leave notices', 'cut', 'reconnect', 'up', 'down', 'broker answers'),
    'flush notices': 1,
  },
};

/** A reader that takes less than is published. */
export const SLOW_READER_SCENARIO: Scenario = {
  name: 'a slow reader',
  world: { softMark: 150 },
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  steps: { ...often('publish board', 'publish notice', 'down', 'up', 'cut', 'reconnect'), 'flush board': 1 },
};

/** Messages that vanish where both ends believe that none can. */
export const LOSSY_SCENARIO: Scenario = {
  name: 'lost messages',
  start: ['publish board', 'publish notice', 'follow board', 'follow notices', 'calm'],
  steps: {
    ...often('publish board', 'publish notice', 'up', 'down', 'cut', 'reconnect'),
    'broker drops': 1,
    'frame lost': 1,
  },
};

/** A client that is not let in. */
export const REFUSED_SCENARIO: Scenario = {
  name: 'a refused client',
  world: { token: 'refused' },
  start: ['publish board'],
  steps: { ...often('publish board', 'follow board', 'leave board'), ...SOCKET, ...POLLING },
};

export const SCENARIOS: readonly Scenario[] = [
  BOARD_SCENARIO,
  RIGHTS_SCENARIO,
  LATE_REFUSAL_SCENARIO,
  NOTICES_SCENARIO,
  FIRST_CONNECT_SCENARIO,
  SWITCH_SCENARIO,
  CHANGE_OF_MIND_SCENARIO,
  OUTAGE_SCENARIO,
  ACTIONS_SCENARIO,
  OPTIMISTIC_SCENARIO,
  SLOW_BROKER_SCENARIO,
  SLOW_EVENT_BROKER_SCENARIO,
  SLOW_READER_SCENARIO,
  LOSSY_SCENARIO,
  REFUSED_SCENARIO,
];
