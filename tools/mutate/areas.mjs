/**
 * What is mutated, and the tests that must notice. Only tests on virtual time or of pure functions: they are run
 * thousands of times in one process, so that nothing may wait for a network or a clock. `measured` is the share that
 * was killed when the whole area was last tried, 0.99 at most: properties find some mutants only with luck.
 */
export const AREAS = [
  {
    name: 'session-client',
    measured: 0.99,
    files: [
      'libs/client/src/session/frame-budget.ts',
      'libs/client/src/session/judge.ts',
      'libs/client/src/session/poll-session.ts',
      'libs/client/src/connection/read-answer.ts',
      'libs/client/src/session/socket-actions.ts',
      'libs/client/src/session/socket-session.ts',
      'libs/client/src/session/topic-error.ts',
      'libs/client/src/session/topic-feed.ts',
    ],
    specs: ['libs/client/src/session/', 'libs/client/src/connection/read-answer'],
  },
  {
    name: 'session-server',
    measured: 0.99,
    files: ['libs/nest/src/websocket/session.ts', 'libs/nest/src/websocket/subscriptions.ts'],
    specs: ['libs/nest/src/websocket/'],
  },
  {
    name: 'catch-up',
    measured: 0.99,
    files: [
      'libs/nest/src/topics/live-topic.ts',
      'libs/nest/src/topics/connection-subscriber.ts',
      'libs/nest/src/topics/stream-subscriber.ts',
      'libs/nest/src/topics/timeline.ts',
      'libs/nest/src/topics/topic-frames.ts',
    ],
    specs: ['libs/nest/src/topics/', 'libs/nest/src/realtime-bus'],
  },
  {
    name: 'outbox-client',
    measured: 0.99,
    files: [
      'libs/client/src/actions/action-outbox.ts',
      'libs/client/src/connection/http-actions.ts',
      'libs/client/src/actions/not-started.ts',
      'libs/client/src/actions/pending-action.ts',
    ],
    specs: ['libs/client/src/actions/', 'libs/client/src/connection/http-actions'],
  },
  {
    name: 'outbox-server',
    measured: 0.99,
    files: [
      'libs/nest/src/delivery/batch.ts',
      'libs/nest/src/delivery/outbox.ts',
      'libs/nest/src/delivery/stall-watch.ts',
    ],
    specs: ['libs/nest/src/delivery/'],
  },
  {
    name: 'delta',
    measured: 0.99,
    files: [
      'libs/protocol/src/delta/apply.ts',
      'libs/protocol/src/delta/delta.ts',
      'libs/protocol/src/delta/diff.ts',
      'libs/protocol/src/delta/equal.ts',
    ],
    specs: ['libs/protocol/test/delta'],
  },
];

/** Specs that use real sockets or the compiler, and those of the long tier. */
export const NOT_SPECS = /real-network|types\.spec|ws-frame-socket|\.long\.spec|real-socket/;

/** Tests with values of 10^5 levels, which a mutation run leaves out. */
export const NOT_TESTS = /10\^5/;
