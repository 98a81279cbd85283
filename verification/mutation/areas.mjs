/**
 * The code that the mutation runner changes, and the tests that must detect it. An area names symbols of one package: the runner
 * changes the whole files that declare them, and runs every spec in the folders of these files. `specsBesides` names further
 * symbols whose folders have specs, `specs` is how the paths of further spec files of the package begin.
 *
 * All these tests run on virtual time or test pure functions. They run thousands of times in one process, so they must not
 * wait for a network or a clock. `measured` is the fraction of killed mutants in the last full run of the area, 0.99 at
 * most, because random properties do not find every mutant in every run.
 */
export const AREAS = [
  {
    name: 'session-client',
    measured: 0.99,
    package: 'client',
    symbols: [
      'FrameBudget',
      'handleFeedOutcome',
      'PollSession',
      'parseResponseFrame',
      'SocketActionSender',
      'SocketSession',
      'SocketTopics',
      'failTopic',
      'TopicFeed',
    ],
  },
  { name: 'session-server', measured: 0.99, package: 'nest', symbols: ['Connection', 'InboundQueue', 'Subscriptions'] },
  {
    name: 'catch-up',
    measured: 0.99,
    package: 'nest',
    symbols: ['LiveTopic', 'ConnectionSubscriber', 'StreamSubscriber', 'Timeline', 'TopicFrames'],
    specsBesides: ['RealtimeBus'],
  },
  {
    name: 'outbox-client',
    measured: 0.99,
    package: 'client',
    symbols: ['ActionOutbox', 'HttpActionSender', 'isRejectedBeforeStart'],
  },
  { name: 'outbox-server', measured: 0.99, package: 'nest', symbols: ['Batch', 'Outbox', 'StallWatch'] },
  {
    name: 'delta',
    measured: 0.97,
    package: 'protocol',
    symbols: ['applyDelta', 'DeltaError', 'diff', 'isEqual', 'summarize'],
    specs: ['test/delta'],
  },
];

/** Specs that use real sockets or the compiler, and those of the long tier. */
export const NOT_SPECS = /real-network|types\.spec|realtime-socket|\.long\.spec|real-socket/;

/** Tests with values of 10^5 levels, which a mutation run leaves out. */
export const NOT_TESTS = /10\^5/;
