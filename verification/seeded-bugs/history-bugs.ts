import type { HistoryBug } from './seeded-bug.js';
import { SEEDED_BUGS } from './seeded-bugs.js';

/** Bugs of the explorer that random histories must find too, early with these seeds. */
const ALSO: Readonly<Record<string, number>> = {
  'the client keeps a value after the loss of the permission': 2,
  'authenticate does not run the guards of subscribed topics': 2,
  'the end of a subscription leaks its subscriber': 1,
  'the end of a connection does not release its slot': 1,
  'a repetition of a running action runs it again': 6,
  'the broker forgets the answer of an action at once': 1,
  'the client does not resend an action over the next socket': 2,
  'an optimistic update ends with its answer, before its effect arrives': 1,
  'an optimistic update stays after its effect arrives': 1,
  'the client trusts its connection after a sleep': 1,
  'the client keeps its connection in the page cache': 1,
  'the answer of a proxy denies the client': 1,
};

/** Bugs that random histories must find. */
export const HISTORY_BUGS: readonly HistoryBug[] = [
  ...Object.entries(ALSO).map(([name, seed]) => ({ ...SEEDED_BUGS.find((bug) => bug.name === name)!, seed })),
  {
    name: 'a revocation does not close connections',
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
    name: 'the client reports a loss of events that the history keeps',
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
    name: 'the optimistic update of a rejected action stays',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.showUpdate',
        find: 'if (effect === undefined) this.#overlay.drop(pending);',
        replace: '',
      },
      {
        package: 'client',
        symbol: 'StateStore.showUpdate',
        find: 'else if (this.#position !== undefined) this.#overlay.dropUntil',
        replace: 'if (this.#position !== undefined) this.#overlay.dropUntil',
      },
    ],
    seed: 1,
  },
  {
    name: 'the client gives up an action whose answer was lost with its socket',
    edits: [
      {
        package: 'client',
        symbol: 'ActionOutbox.flush',
        find: 'if (action.sender !== this.#sender && this.#isBeyondWindow(action, now)) this.#failWithUnknownOutcome(action);',
        replace:
          'if (action.sender !== undefined && action.sender !== this.#sender) this.#failWithUnknownOutcome(action);',
      },
    ],
    seed: 1,
  },
  {
    name: 'the server keeps the answers that the client confirmed',
    edits: [
      { package: 'nest', symbol: 'MemoryClaims.forget', find: 'this.drop(key, claim, claim.answer);', replace: '' },
    ],
    seed: 1,
  },
  {
    name: 'the server runs a late copy of an action that the client confirmed',
    edits: [
      {
        package: 'nest',
        symbol: 'MemoryClaims.forget',
        find: 'this.forgotten.add(key, now);',
        replace: '',
      },
    ],
    seed: 2,
  },
  {
    name: 'the server never forgets the answers of a client that vanished',
    edits: [
      {
        package: 'nest',
        symbol: 'MemoryClaims.forgetExpired',
        find: 'if (claim.expiresAt <= now) this.drop(key, claim, claim.answer);',
        replace: 'if (false) this.drop(key, claim, claim.answer);',
      },
    ],
    seed: 1,
  },
  {
    name: 'a new process runs an action that the process before it may have run',
    edits: [
      {
        package: 'nest',
        symbol: 'MemoryClaims.claim',
        find: "if (this.mayHaveRunBefore(options)) return { outcome: 'lost' };",
        replace: '',
      },
    ],
    seed: 5,
  },
  {
    name: 'the client understates the age of a repeated action',
    edits: [
      {
        package: 'client',
        symbol: 'ActionOutbox.markSent',
        find: 'again(this.#ageOf(action))',
        replace: 'again(0)',
      },
    ],
    seed: 5,
  },
  {
    name: 'the server skips a part of a published value that did change',
    edits: [
      {
        package: 'nest',
        symbol: 'ProjectionPass.project',
        find: 'if (value === before && Object.isFrozen(value)) {',
        replace: 'if (depth > 0 && isObject(before)) {',
      },
      {
        package: 'nest',
        symbol: 'ProjectionPass.project',
        find: 'return value as Json;',
        replace: 'return before as Json;',
      },
    ],
    seed: 1,
  },
];
