import { afterEach, test } from '@jest/globals';

import { FollowedTopic, SHORT } from './followed-topic.js';
import type { TestedBroker, TestServer } from './tested-broker.js';

interface Disposable {
  dispose(): void | Promise<void>;
}

/** Returns a function that remembers what a test starts. It ends after the test, the last one first. */
export function disposeAfterEach(): <T extends Disposable>(one: T) => T {
  const started: Disposable[] = [];
  afterEach(async () => {
    for (const one of started.splice(0).reverse()) await one.dispose();
  });
  return (one) => {
    started.push(one);
    return one;
  };
}

interface ServerTools<Server extends TestServer> {
  /** Remembers what a test starts, and ends it after the test. */
  readonly keep: <T extends Disposable>(one: T) => T;
  /** Adds a test, which is skipped without a server. */
  readonly testHere: typeof test.skip;
  /** Starts a server, and two nodes that follow a topic on it. */
  readonly start: (starting?: Promise<Server>) => Promise<{ readonly server: Server; readonly topic: FollowedTopic }>;
}

/** The tools of a group of tests with servers of one kind. */
export function useServers<Server extends TestServer>(tested: TestedBroker<Server>): ServerTools<Server> {
  const keep = disposeAfterEach();
  return {
    keep,
    testHere: tested.skipReason === undefined ? test : test.skip,
    start: async (starting = tested.startServer()) => {
      const server = keep(await starting);
      const topic = keep(await FollowedTopic.start(() => tested.startNode(server.url, SHORT)));
      return { server, topic };
    },
  };
}
