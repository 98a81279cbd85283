import type { SeededBug } from './seeded-bug.js';

/** Bugs of the client's core. The last four were real bugs that the explorer found. */
export const CLIENT_BUGS: readonly SeededBug[] = [
  {
    name: 'the client confirms an action of which a copy is still on its way',
    edits: [
      {
        package: 'client',
        symbol: 'ActionOutbox.handleAnswer',
        find: 'if (action.copies === 1) this.#confirm(action.id);',
        replace: 'this.#confirm(action.id);',
      },
    ],
    caughtBy: 'forgotten answers',
    depth: 3,
  },
  {
    name: 'the answer of a proxy denies the client',
    edits: [
      {
        package: 'client',
        symbol: 'Poller.#failureOf',
        find: 'if (status === 403 && error) return',
        replace: 'if (status === 403) return',
      },
    ],
    caughtBy: 'foreign answers',
    depth: 2,
  },
  {
    name: 'the client skips its hole check',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.#applyEvent',
        find: "if (offset !== own.offset + 1) return 'hole';",
        replace: '',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'the client applies a patch to the wrong value',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.#applyPatch',
        find: "if (from !== own.offset) return 'hole';",
        replace: '',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'the client keeps a part that a snapshot changed',
    edits: [{ package: 'client', symbol: 'share', find: 'isEqual &&= part === former;', replace: '' }],
    caughtBy: 'an outage',
    depth: 2,
  },
  {
    name: 'the client applies a patch twice',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.patch',
        find: 'this.#value = applyDelta(this.#value, delta);',
        replace: 'this.#value = applyDelta(applyDelta(this.#value, delta), delta);',
      },
    ],
    caughtBy: 'a state topic',
    depth: 1,
  },
  {
    name: 'the socket repeats events of a poll',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.#applyEvent',
        find: "if (offset <= own.offset) return 'applied'; if (offset !== own.offset + 1) return 'hole';",
        replace: "if (offset > own.offset + 1) return 'hole';",
      },
      {
        package: 'client',
        symbol: 'EventStore.deliver',
        find: 'reader.cursor.offset >= position.offset',
        replace: 'reader.cursor.offset > position.offset',
      },
    ],
    caughtBy: 'the switch from polling',
    depth: 5,
  },
  {
    name: 'an older snapshot replaces the value',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.#applySnapshot',
        find: "if (offset <= own.offset) return 'applied';",
        replace: '',
      },
    ],
    caughtBy: 'the switch from polling',
    depth: 4,
  },
  {
    name: 'the client applies the answer of a poll to a topic of the socket',
    edits: [
      {
        package: 'client',
        symbol: 'PollSession.#isStillRequested',
        find: 'entry.subscription === undefined && this.#registry',
        replace: 'this.#registry',
      },
      {
        package: 'client',
        symbol: 'TopicFeed.#applySubscribed',
        find: ': !isSame(own, since);',
        replace: ': false;',
      },
    ],
    caughtBy: 'the switch from polling',
    depth: 4,
  },
  {
    name: 'the client matches a `subscribed` with a later subscribe',
    edits: [
      {
        package: 'client',
        symbol: 'SocketTopics.handleFeedFrame',
        find: "if (frame.type !== 'subscribed' || frame.ref !== subscription.ref) return;",
        replace: "if (frame.type !== 'subscribed') return;",
      },
    ],
    caughtBy: 'unsubscribe and subscribe',
    depth: 6,
  },
  {
    name: 'the client does not resend an action over the next socket',
    edits: [
      {
        package: 'client',
        symbol: 'SocketActionSender.send',
        find: 'if (action.sender === this) continue;',
        replace: 'if (action.sender !== undefined) continue;',
      },
    ],
    caughtBy: 'actions',
    depth: 2,
  },
  {
    name: 'an optimistic update ends with its answer, before its effect arrives',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.showUpdate',
        find: 'if (effect === undefined) this.#overlay.drop(pending);',
        replace: 'if (effect !== null) this.#overlay.drop(pending);',
      },
    ],
    caughtBy: 'optimistic updates',
    depth: 4,
  },
  {
    name: 'the client shows no value while an update is pending',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.#state',
        find: 'const value = overlay.applyTo(confirmed);',
        replace: 'const value = overlay.size > 0 ? undefined : overlay.applyTo(confirmed);',
      },
    ],
    caughtBy: 'optimistic updates',
    depth: 1,
  },
  {
    name: 'an optimistic update stays after its effect arrives',
    edits: [
      {
        package: 'client',
        symbol: 'isCovered',
        find: 'position.offset >= effect.offset',
        replace: 'position.offset > effect.offset',
      },
    ],
    caughtBy: 'optimistic updates',
    depth: 4,
  },
  {
    name: 'the client keeps a value after the loss of the permission',
    edits: [
      {
        package: 'client',
        symbol: 'endTopic',
        find: 'new RealtimeClientError(code, message), now, ACCESS_CODES.has(code));',
        replace: 'new RealtimeClientError(code, message), now, false);',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 1,
  },
  {
    name: 'the answer to an unsubscribe ends a newer subscription',
    edits: [
      {
        package: 'client',
        symbol: 'SocketTopics.handleError',
        find: "if (code === 'not_subscribed') return;",
        replace: '',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 3,
  },
  {
    name: 'the answer to the first of two authenticate frames counts for both',
    edits: [
      {
        package: 'client',
        symbol: 'TokenRefresher.handleAnswer',
        find: 'this.#unanswered.filter((pending) => pending !== answered);',
        replace: '[];',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 4,
  },
  {
    name: 'a poll with the old token ends a topic that the new one may read',
    edits: [
      {
        package: 'client',
        symbol: 'ConnectionManager.reauthenticate',
        find: 'this.#poller.abort();',
        replace: '',
      },
    ],
    caughtBy: 'a late rejection',
    depth: 6,
  },
  {
    name: 'the client trusts its connection after a sleep',
    edits: [{ package: 'client', symbol: 'HostMonitor.check', find: 'slept > MIN_SLEEP_MS ||', replace: '' }],
    caughtBy: 'sleep and the page cache',
    depth: 1,
  },
  {
    name: 'the client keeps its connection in the page cache',
    edits: [
      {
        package: 'client',
        symbol: 'ConnectionManager.#handleHostChange',
        find: "if (change === 'hidden') return this.#pause();",
        replace: '',
      },
    ],
    caughtBy: 'sleep and the page cache',
    depth: 1,
  },
  {
    name: 'the client forgets an authenticate frame whose answer was lost',
    edits: [
      {
        package: 'client',
        symbol: 'ConnectionManager.#handleLoss',
        find: 'this.#tokenRefresher.handleInterruption(connection);',
        replace: '',
      },
      {
        package: 'client',
        symbol: 'ConnectionManager.#handleAttempt',
        find: 'if (this.#tokenRefresher.abandonReauthentication()) {',
        replace: 'if (false) {',
      },
    ],
    caughtBy: 'changing permissions',
    depth: 5,
  },
];
