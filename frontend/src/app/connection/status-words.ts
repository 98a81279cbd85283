import type { ConnectionStatus } from '@statewire/angular';

type Tone = 'live' | 'polling' | 'broken' | 'waiting';

export interface StatusWords {
  readonly tone: Tone;
  readonly title: string;
  /** One sentence about what this means for the values on the screen. */
  readonly text: string;
}

const SERVER_STALE: StatusWords = {
  tone: 'broken',
  title: 'Not live',
  text: 'The server answers, but it does not see changes now. What you see is the last known state.',
};

/**
 * Returns the status of the connection in words, without technical terms.
 *
 * @param isServerStale whether a server that the page reaches has no current values.
 */
export function statusWords(status: ConnectionStatus, isServerStale = false): StatusWords {
  if (isServerStale && (status.state === 'live' || status.state === 'polling')) return SERVER_STALE;
  switch (status.state) {
    case 'live':
      return { tone: 'live', title: 'Live', text: 'Every change arrives the moment it happens.' };
    case 'polling':
      return {
        tone: 'polling',
        title: 'Polling',
        text: 'There is no WebSocket now. The page asks the server every 2 seconds.',
      };
    case 'connecting':
      return { tone: 'waiting', title: 'Connecting', text: 'Waiting for the first answer of the server.' };
    case 'offline':
      return {
        tone: 'broken',
        title: 'Offline',
        text: 'Nothing reaches the server. What you see is the last known state.',
      };
    case 'denied':
      return {
        tone: 'broken',
        title: 'Rejected',
        text: 'The server rejects this page. Reload the page, or try again later.',
      };
    case 'closed':
      return { tone: 'broken', title: 'Closed', text: 'This page closed its connection.' };
    case 'idle':
      return { tone: 'waiting', title: 'Idle', text: 'This page shows nothing live yet.' };
  }
}

/** Sentences for the codes of reasons, each with the codes that it explains. */
const REASONS: readonly (readonly [string, readonly string[]])[] = [
  ['The server cannot be reached.', ['network']],
  ['This page cannot open a WebSocket.', ['no-websocket']],
  ['The server has switched its WebSockets off.', ['switched-off', 'close-4203']],
  ['The server did not answer in time.', ['silent', 'timeout', 'close-4200', 'close-4001']],
  ['This device was asleep.', ['suspended']],
  ['The sign-in does not work at the moment.', ['signed-out']],
  ['You signed in or out.', ['reconnect']],
  ['The server is restarting.', ['draining', 'close-1001', 'close-1012', 'close-4201']],
  ['The server is busy.', ['unavailable', 'too_many_requests', 'close-1013', 'close-4100', 'close-4102']],
  ['This page took too long to read.', ['close-4101']],
  ['The server does not accept your sign-in.', ['unauthorized', 'forbidden', 'close-4003']],
  ['Your sign-in has expired.', ['close-4202']],
  [
    'This page and the server do not understand each other. Reload the page.',
    ['bad_request', 'close-4000', 'close-4010'],
  ],
];

const SENTENCES = new Map(REASONS.flatMap(([sentence, codes]) => codes.map((code) => [code, sentence] as const)));

/** Returns the code of a reason in words. */
export function reasonWords(code: string): string {
  const sentence = SENTENCES.get(code);
  if (sentence !== undefined) return sentence;
  if (code.startsWith('http-')) return 'Something between this page and the server answered instead of it.';
  return code.startsWith('close-') ? 'The connection broke.' : 'The server has a problem.';
}
