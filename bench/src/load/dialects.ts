/** How a client of an arm speaks, so that all clients cost the same and no client library is measured. */
export interface Dialect {
  /** Path and subprotocol of the WebSocket. Undefined: the server sends frames on the TCP socket at once. */
  readonly upgrade: { readonly path: string; readonly protocol?: string } | undefined;
  /** Messages that the client sends after the upgrade. */
  greeting(topics: readonly string[], index: number): readonly string[];
  /** Whether the server has sent all that belongs to the greeting. */
  isReady(text: string, topics: readonly string[]): boolean;
  /** The answer to a heartbeat. */
  answer(text: string): string | undefined;
  /** A message that the server answers. `before` is the id of the one before, whose answer has arrived. */
  readonly question?: (name: string, id: string, before: string | undefined) => string;
}

const SUBSCRIBED = '"type":"subscribed","topic":';

export const DIALECTS = {
  statewire: statewireDialect(() => ({})),
  /** The same as a hundred users. */
  statewireUser: statewireDialect((index) => ({ token: `user-${index % 100}` })),
  ws: plainWebSocket((name, id) => JSON.stringify({ event: name, id })),
  nestWs: plainWebSocket((name, id) => JSON.stringify({ event: name, data: { id } })),
  socketIo: {
    upgrade: { path: '/socket.io/?EIO=4&transport=websocket' },
    greeting: () => ['40'],
    isReady: (text) => text.startsWith('40'),
    answer: (text) => (text === '2' ? '3' : undefined),
    question: (name, id) => `42${JSON.stringify([name, { id }])}`,
  },
  raw: { upgrade: undefined, greeting: () => [], isReady: () => true, answer: () => undefined },
} as const satisfies Readonly<Record<string, Dialect>>;

export type DialectName = keyof typeof DIALECTS;

function plainWebSocket(question: NonNullable<Dialect['question']>): Dialect {
  return { upgrade: { path: '/ws' }, greeting: () => [], isReady: () => true, answer: () => undefined, question };
}

/** @param credentials that `hello` brings. */
function statewireDialect(credentials: (index: number) => object): Dialect {
  return {
    upgrade: { path: '/ws', protocol: 'statewire.v1.json' },
    greeting: (topics, index) => {
      const clientId = `bench-client-${String(index).padStart(12, '0')}`;
      const hello = { type: 'hello', clientId, deltas: ['move', 'append'], ...credentials(index) };
      const subscribe = { type: 'subscribe', topics: topics.map((topic) => ({ topic })) };
      return (topics.length === 0 ? [hello] : [hello, subscribe]).map((frame) => JSON.stringify(frame));
    },
    isReady: (text, topics) =>
      topics.length === 0 ? text.includes('"welcome"') : text.includes(`${SUBSCRIBED}"${topics.at(-1)}"`),
    answer: (text) => (text.startsWith('{"type":"ping"') ? '{"type":"pong"}' : undefined),
    question: (name, id, before) =>
      JSON.stringify({ type: 'action', id, name, data: { value: 1 }, ...(before && { answered: [before] }) }),
  };
}
