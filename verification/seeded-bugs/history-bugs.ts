import type { HistoryBug } from './seeded-bug.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

/** Bugs of the explorer that random histories must find too, early with these seeds. */
const ALSO: Readonly<Record<string, number>> = {
  'a value is kept after the right to see it is gone': 2,
  'authenticate does not ask the guards of what is subscribed': 2,
  'a subscription that ends leaks its subscriber': 1,
  'a connection that ends keeps its place': 1,
  'an action that runs is run again when it comes again': 6,
  'the answer of an action is forgotten at once': 1,
  'an action that was sent is not sent again over the next socket': 2,
  'an update goes with its answer, before its effect is there': 1,
  'an update stays although its effect is there': 1,
};

/** Bugs that random histories must find. */
export const HISTORY_BUGS: readonly HistoryBug[] = [
  ...Object.entries(ALSO).map(([name, seed]) => ({ ...SEEDED_BUGS.find((bug) => bug.name === name)!, seed })),
  {
    name: 'a revocation leaves connections alone',
    edits: [
      {
        package: 'nest',
        symbol: 'RealtimeConnections.receive',
        find: 'if (concerns(whose, connection)) connection.revoked();',
        replace: '',
      },
      {
        package: 'nest',
        symbol: 'RealtimeConnections.receive',
        find: 'this.recent.add(whose, whose.graceMs);',
        replace: '',
      },
    ],
    seed: 1,
  },
  {
    name: 'events are said to be lost that history keeps',
    edits: [
      {
        package: 'nest',
        symbol: 'Timeline.start',
        find: 'this.includes(since) && since.offset + 1 >= oldest;',
        replace: 'this.includes(since) && since.offset + 3 >= offset;',
      },
    ],
    seed: 1,
  },
  {
    name: 'an update of a refused action stays',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.showUpdate',
        find: 'if (effect === undefined) this.overlay.drop(pending);',
        replace: '',
      },
      {
        package: 'client',
        symbol: 'StateStore.showUpdate',
        find: 'else if (this.position !== undefined) this.overlay.dropUntil',
        replace: 'if (this.position !== undefined) this.overlay.dropUntil',
      },
    ],
    seed: 1,
  },
  {
    name: 'an action whose answer was lost with its socket is said to be of unknown outcome',
    edits: [
      {
        package: 'client',
        symbol: 'ActionOutbox.flush',
        find: 'if (action.sender !== this.sender && this.isBeyondWindow(action, now)) this.failWithUnknownOutcome(action);',
        replace:
          'if (action.sender !== undefined && action.sender !== this.sender) this.failWithUnknownOutcome(action);',
      },
    ],
    seed: 1,
  },
];
