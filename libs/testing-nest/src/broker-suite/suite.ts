import { applyDelta, diff, type Json } from '@statewire/protocol';
import type { Broker, LivePublication, NewPublication, TopicHistory, TopicMessage } from '@statewire/nest';

import type { BrokerCapability, BrokerSetup } from './broker-setup.js';
import type { TestRunner } from './test-runner.js';

/** The cluster of the test that runs, and its two nodes by name. */
interface Cluster {
  setup: BrokerSetup;
  here: Broker;
  there: Broker;
}

/** A set-up that has a capability. */
type Capable<C extends BrokerCapability> = BrokerSetup & Required<Pick<BrokerSetup, C>>;

/** The parts that all groups of tests share. */
export interface Suite extends Pick<TestRunner, 'describe' | 'test' | 'expect'> {
  readonly cluster: Cluster;
  /** Defines a test for brokers with a capability. */
  readonly testWith: <C extends BrokerCapability>(
    capability: C,
    name: string,
    body: (setup: Capable<C>) => Promise<void>,
  ) => void;
}

export function createSuite(runner: TestRunner, without: readonly BrokerCapability[]): Suite {
  const { describe, test, expect } = runner;
  const cluster = {} as Cluster;
  const testWith: Suite['testWith'] = (capability, name, body) => {
    if (without.includes(capability)) return;
    test(name, async () => {
      const { setup } = cluster;
      if (setup[capability] === undefined) {
        throw new Error(`The set-up has no "${capability}". Add it, or name it in the option "without" of the suite.`);
      }
      await body(setup as Capable<typeof capability>);
    });
  };
  return { describe, test, expect, cluster, testWith };
}

let ids = 0;

/** Makes the next value of a state topic. With `before` it has the delta from that publication. */
export function state(value: Json, before?: NewPublication): NewPublication {
  const publication: NewPublication = { kind: 'state', id: `suite-${ids++}`, data: JSON.stringify(value) };
  if (before === undefined) return publication;
  const delta = JSON.stringify(diff(JSON.parse(before.data) as Json, value));
  return { ...publication, patch: { base: before.id, delta } };
}

export function event(value: Json): NewPublication {
  return { kind: 'events', id: `suite-${ids++}`, data: JSON.stringify(value) };
}

/** The publications among the messages, those that start an epoch included. */
export function publicationsOf(messages: readonly TopicMessage[]): LivePublication[] {
  return messages.flatMap((message) => {
    if (message.type === 'publication') return [message.publication];
    return message.type === 'epoch' && message.first !== undefined ? [message.first] : [];
  });
}

export function offsets(messages: readonly TopicMessage[]): number[] {
  return publicationsOf(messages).map(({ offset }) => offset);
}

/** Returns the newest value of a state topic, as a reader makes it from the base value and what follows it. */
export function valueOf({ base, publications }: TopicHistory): Json | undefined {
  if (base === undefined) return undefined;
  let value = JSON.parse(base.data) as Json;
  for (const { data, delta, offset } of publications) {
    if (offset <= base.offset) continue;
    value = delta === undefined ? (JSON.parse(data!) as Json) : applyDelta(value, JSON.parse(delta) as Json);
  }
  return value;
}

/** Listens on a node, and returns what it receives. */
export async function record(node: Broker, topic: string): Promise<TopicMessage[]> {
  const messages: TopicMessage[] = [];
  await node.listen(topic, (message) => messages.push(message));
  return messages;
}

/** Number of looks in the time that a condition should take. */
const LOOKS = 40;

/**
 * Lets time pass until the result of `look` is neither undefined nor false.
 *
 * @throws Error if that does not happen within `duration` milliseconds, times the patience of the set-up.
 */
export async function eventually<T>(
  setup: BrokerSetup,
  what: string,
  duration: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const { patience = 1 } = setup;
  for (let waits = 0; ; waits += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (waits >= LOOKS * patience) throw new Error(`Waited ${duration * patience} ms for ${what}.`);
    await setup.advance(duration / LOOKS);
  }
}
