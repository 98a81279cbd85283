import type { HistoryBug } from './seeded-bug.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

const CLIENT = 'libs/client/src';
const NEST = 'libs/nest/src';

/** Of the bugs that the explorer catches, those that only it caught before histories changed rights and looked at what is left. */
const ALSO = [
  'a value is kept after the right to see it is gone',
  'authenticate does not ask the guards of what is subscribed',
  'a subscription that ends leaks its subscriber',
  'a connection that ends keeps its place',
];

/** Bugs that random histories have to catch. */
export const HISTORY_BUGS: readonly HistoryBug[] = [
  ...SEEDED_BUGS.filter(({ name }) => ALSO.includes(name)).map(({ name, edits }) => ({ name, edits, seed: 1 })),
  {
    name: 'a revocation leaves connections alone',
    edits: [
      {
        file: `${NEST}/connection/realtime-connections.ts`,
        find: 'if (concerns(whose, connection)) connection.revoked();',
        replace: '',
      },
      {
        file: `${NEST}/connection/realtime-connections.ts`,
        find: '    this.recent.add(whose, whose.grace);\n',
        replace: '',
      },
    ],
    seed: 1,
  },
  {
    name: 'events are said to be lost that history keeps',
    edits: [
      {
        file: `${NEST}/topics/timeline.ts`,
        find: 'this.knows(since) && since.offset + 1 >= oldest;',
        replace: 'this.knows(since) && since.offset + 3 >= offset;',
      },
    ],
    seed: 1,
  },
  {
    name: 'an update goes with its answer, before its effect is there',
    edits: [
      {
        file: `${CLIENT}/topics/state-store.ts`,
        find: 'if (effect === undefined) this.overlay.drop(pending);',
        replace: 'if (effect !== null) this.overlay.drop(pending);',
      },
    ],
    seed: 1,
  },
  {
    name: 'an update of a refused action stays',
    edits: [
      {
        file: `${CLIENT}/topics/state-store.ts`,
        find: 'if (effect === undefined) this.overlay.drop(pending);',
        replace: '',
      },
      {
        file: `${CLIENT}/topics/state-store.ts`,
        find: 'else if (this.position !== undefined) this.overlay.reach',
        replace: 'if (this.position !== undefined) this.overlay.reach',
      },
    ],
    seed: 1,
  },
  {
    name: 'an update stays although its effect is there',
    edits: [
      {
        file: `${CLIENT}/topics/optimistic-overlay.ts`,
        find: 'position.offset >= effect.offset',
        replace: 'position.offset > effect.offset',
      },
    ],
    seed: 1,
  },
];
