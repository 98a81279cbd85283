import type { SeededBug } from './seeded-bug.js';

/** Bugs of the client's core. The last four were real, and the explorer found them. */
export const CLIENT_BUGS: readonly SeededBug[] = [
  {
    name: 'the client skips its hole check',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.takeEvent',
        find: "if (offset !== own.offset + 1) return 'hole';",
        replace: '',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'a patch is applied to a value it was not made for',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.takePatch',
        find: "if (from !== own.offset) return 'hole';",
        replace: '',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'a patch is applied twice',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.patch',
        find: 'this.value = applyDelta(this.value, delta);',
        replace: 'this.value = applyDelta(applyDelta(this.value, delta), delta);',
      },
    ],
    caughtBy: 'a state topic',
    depth: 1,
  },
  {
    name: 'events that a poll brought are told again by the socket',
    edits: [
      {
        package: 'client',
        symbol: 'TopicFeed.takeEvent',
        find: "if (offset <= own.offset) return 'taken'; if (offset !== own.offset + 1) return 'hole';",
        replace: "if (offset > own.offset + 1) return 'hole';",
      },
      {
        package: 'client',
        symbol: 'EventStore.take',
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
        symbol: 'TopicFeed.takeSnapshot',
        find: "if (offset <= own.offset) return 'taken';",
        replace: '',
      },
    ],
    caughtBy: 'the switch from polling',
    depth: 4,
  },
  {
    name: 'the answer of a poll is applied to a topic that a socket carries',
    edits: [
      {
        package: 'client',
        symbol: 'PollSession.isStillAsked',
        find: 'return entry.carrier === undefined && this.registry',
        replace: 'return this.registry',
      },
      {
        package: 'client',
        symbol: 'TopicFeed.begin',
        find: ': !isSame(own, since);',
        replace: ': false;',
      },
    ],
    caughtBy: 'the switch from polling',
    depth: 4,
  },
  {
    name: 'a `subscribed` is taken for the answer to a later subscribe',
    edits: [
      {
        package: 'client',
        symbol: 'SocketSession.takeTopicFrame',
        find: "if (frame.type !== 'subscribed' || frame.ref !== subscription.ref) return;",
        replace: "if (frame.type !== 'subscribed') return;",
      },
    ],
    caughtBy: 'a change of mind',
    depth: 6,
  },
  {
    name: 'an action that was sent is not sent again over the next socket',
    edits: [
      {
        package: 'client',
        symbol: 'SocketActions.carry',
        find: 'if (action.carrier === this) continue;',
        replace: 'if (action.carrier !== undefined) continue;',
      },
    ],
    caughtBy: 'actions',
    depth: 2,
  },
  {
    name: 'an update goes with its answer, before its effect is there',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.show',
        find: 'if (effect === undefined) this.overlay.drop(pending);',
        replace: 'if (effect !== null) this.overlay.drop(pending);',
      },
    ],
    caughtBy: 'optimistic updates',
    depth: 4,
  },
  {
    name: 'nothing is shown while an update is pending',
    edits: [
      {
        package: 'client',
        symbol: 'StateStore.state',
        find: 'const value = overlay.over(confirmed);',
        replace: 'const value = overlay.size > 0 ? undefined : overlay.over(confirmed);',
      },
    ],
    caughtBy: 'optimistic updates',
    depth: 1,
  },
  {
    name: 'an update stays although its effect is there',
    edits: [
      {
        package: 'client',
        symbol: 'isOver',
        find: 'position.offset >= effect.offset',
        replace: 'position.offset > effect.offset',
      },
    ],
    caughtBy: 'optimistic updates',
    depth: 4,
  },
  {
    name: 'a value is kept after the right to see it is gone',
    edits: [
      {
        package: 'client',
        symbol: 'endTopic',
        find: 'new RealtimeClientError(code, UNSUBSCRIBED[code]), now, RIGHT_IS_GONE.has(code));',
        replace: 'new RealtimeClientError(code, UNSUBSCRIBED[code]), now, false);',
      },
    ],
    caughtBy: 'rights that change',
    depth: 1,
  },
  {
    name: 'the answer to an unsubscribe ends the subscription that came after it',
    edits: [
      {
        package: 'client',
        symbol: 'SocketSession.takeError',
        find: "} else if (error.code !== 'not_subscribed') {",
        replace: '} else {',
      },
    ],
    caughtBy: 'rights that change',
    depth: 3,
  },
  {
    name: 'the answer to the first of two authenticates counts for both',
    edits: [
      {
        package: 'client',
        symbol: 'CredentialKeeper.answered',
        find: 'this.unanswered.filter((presented) => presented !== answered);',
        replace: '[];',
      },
    ],
    caughtBy: 'rights that change',
    depth: 4,
  },
  {
    name: 'a poll with the old token ends a topic that the new one may read',
    edits: [
      {
        package: 'client',
        symbol: 'Monitor.reauthenticate',
        find: 'this.poller.abort();',
        replace: '',
      },
    ],
    caughtBy: 'a late refusal',
    depth: 6,
  },
  {
    name: 'an authenticate whose answer was lost is forgotten',
    edits: [
      {
        package: 'client',
        symbol: 'Monitor.onLost',
        find: 'this.credentials.interrupted(link);',
        replace: '',
      },
      {
        package: 'client',
        symbol: 'Monitor.onAttempt',
        find: 'if (this.credentials.wasInterrupted()) {',
        replace: 'if (false) {',
      },
    ],
    caughtBy: 'rights that change',
    depth: 5,
  },
];
