import type { SeededBug } from './seeded-bug.js';

const NEST = 'libs/nest/src';

/** Bugs of the server's core. */
export const SERVER_BUGS: readonly SeededBug[] = [
  {
    name: 'a frame is sent before `subscribed`',
    edits: [
      {
        file: `${NEST}/topics/connection-subscriber.ts`,
        find: '    outlet.send(timeline.frames.subscribed(position, recovered, options.ref));',
        replace: `    this.replay();
    outlet.send(timeline.frames.subscribed(position, recovered, options.ref));`,
      },
    ],
    caughtBy: 'the first connect',
    depth: 1,
  },
  {
    name: 'a reader resumes from a position of another epoch',
    edits: [
      {
        file: `${NEST}/topics/timeline.ts`,
        find: 'return since.epoch === this.epoch && since.offset <= this.offset;',
        replace: 'return since.offset <= this.offset;',
      },
    ],
    caughtBy: 'an outage',
    depth: 2,
  },
  {
    name: 'the replay leaves out the first publication',
    edits: [
      {
        file: `${NEST}/topics/timeline.ts`,
        find: 'return { position, recovered, cursor: recovered ? since.offset : offset };',
        replace: 'return { position, recovered, cursor: recovered ? since.offset + 1 : offset };',
      },
    ],
    caughtBy: 'an outage',
    depth: 1,
  },
  {
    name: 'recovery is claimed beyond what history keeps',
    edits: [
      {
        file: `${NEST}/topics/timeline.ts`,
        find: 'this.knows(since) && since.offset + 1 >= oldest;',
        replace: 'this.knows(since);',
      },
    ],
    caughtBy: 'an outage',
    depth: 3,
  },
  {
    name: 'events are conflated as if they were states',
    edits: [
      {
        file: `${NEST}/topics/timeline.ts`,
        find: ': this.eventsAfter(cursor);',
        replace: ': this.eventsAfter(this.offset - 1);',
      },
    ],
    caughtBy: 'a slow reader',
    depth: 3,
  },
  {
    name: 'a new epoch is not announced',
    edits: [
      {
        file: `${NEST}/topics/connection-subscriber.ts`,
        find: 'if (this.outlet.offer(this.announcement(start), this)) {',
        replace: 'if (!this.lagging) {',
      },
    ],
    caughtBy: 'a slow reader',
    depth: 1,
  },
  {
    name: 'what is published between reading and going live is dropped',
    edits: [
      {
        file: `${NEST}/topics/live-topic.ts`,
        find: `    this.current = new Timeline(topic.name, topic.kind, history, read);
`,
        replace: `    this.current = new Timeline(topic.name, topic.kind, history, read);
    this.inbox.length = 0;
`,
      },
    ],
    caughtBy: 'a slow broker',
    depth: 3,
  },
  {
    name: 'a topic is read before it is listened to',
    edits: [
      {
        file: `${NEST}/topics/live-topic.ts`,
        find: 'const unlisten = await broker.listen(topic.name, (message) => this.receive(message));',
        replace: `const early = await broker.read(topic.name, topic.kind);
    const unlisten = await broker.listen(topic.name, (message) => this.receive(message));`,
      },
      {
        file: `${NEST}/topics/live-topic.ts`,
        find: `    this.unlisten = unlisten;
    const read = await broker.read(topic.name, topic.kind);`,
        replace: `    this.unlisten = unlisten;
    const read = early;`,
      },
    ],
    caughtBy: 'a slow broker',
    depth: 2,
  },
  {
    name: 'the node skips its hole check',
    edits: [
      {
        file: `${NEST}/topics/live-topic.ts`,
        find: `if (publication.epoch !== epoch || publication.offset > offset + 1) return false;
        if (publication.offset === offset + 1) {`,
        replace: `if (publication.epoch !== epoch) return false;
        if (publication.offset > offset) {`,
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'authenticate does not ask the guards of what is subscribed',
    edits: [
      {
        file: `${NEST}/websocket/session.ts`,
        find: '      await this.subscriptions.reauthorize(presented.caller);\n',
        replace: '',
      },
    ],
    caughtBy: 'rights that change',
    depth: 1,
  },
  {
    name: 'a subscription that ends leaks its subscriber',
    edits: [
      {
        file: `${NEST}/topics/connection-subscriber.ts`,
        find: '    this.options.onClose();\n',
        replace: '',
      },
    ],
    caughtBy: 'rights that change',
    depth: 0,
  },
  {
    name: 'a subscription that is replaced is not ended',
    edits: [
      {
        file: `${NEST}/websocket/subscriptions.ts`,
        find: `    detach(entry);
    const former = entry.stay;`,
        replace: '    const former = entry.stay;',
      },
    ],
    caughtBy: 'lost messages',
    depth: 2,
  },
  {
    name: 'a connection that ends keeps its place',
    edits: [
      {
        file: `${NEST}/websocket/connection.ts`,
        find: '    this.entrance.seat.leave();\n',
        replace: '',
      },
    ],
    caughtBy: 'rights that change',
    depth: 0,
  },
  {
    name: 'an action that runs is run again when it comes again',
    edits: [
      {
        file: `${NEST}/broker/memory/memory-claims.ts`,
        find: '    if (known === undefined) {',
        replace: "    if (known === undefined || known.state === 'running') {",
      },
    ],
    caughtBy: 'actions',
    depth: 5,
  },
  {
    name: 'the answer of an action is forgotten at once',
    edits: [
      {
        file: `${NEST}/broker/memory/memory-claims.ts`,
        find: 'const expiresAt = this.environment.monotonic() + window;',
        replace: 'const expiresAt = this.environment.monotonic() + window * 0;',
      },
    ],
    caughtBy: 'actions',
    depth: 2,
  },
  {
    name: 'the last frame before a close is dropped',
    edits: [
      {
        file: `${NEST}/delivery/outbox.ts`,
        find: `  close(): void {
    this.flush();`,
        replace: '  close(): void {',
      },
    ],
    caughtBy: 'a refused client',
    depth: 1,
  },
];
