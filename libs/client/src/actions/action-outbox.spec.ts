import type { Json, TopicPosition } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import type { Observable } from 'rxjs';

import type { RealtimeClientError } from '../core/realtime-client-error.js';
import { ActionOutbox, actionFrame } from './action-outbox.js';
import type { ActionSender, PendingAction } from './pending-action.js';

/** Sends everything it is handed, unless it `holds`. */
class RecordingSender implements ActionSender {
  readonly handed: string[][] = [];
  readonly sent: string[] = [];
  private actions: readonly PendingAction[] = [];

  constructor(
    private readonly outbox: ActionOutbox,
    private readonly holds = false,
  ) {}

  send(unanswered: readonly PendingAction[]): void {
    this.handed.push(unanswered.map(({ name }) => name));
    this.actions = unanswered;
    if (this.holds) return;
    for (const action of unanswered.filter(({ sender }) => sender !== this)) {
      this.outbox.markSent(action, this);
      this.sent.push(action.name);
    }
  }

  id(name: string): string {
    return this.actions.find((action) => action.name === name)!.id;
  }
}

function setUp() {
  const environment = new VirtualEnvironment();
  const outbox = new ActionOutbox(environment);
  const log: unknown[] = [];
  const watch = (name: string, result$: Observable<unknown>) =>
    result$.subscribe({
      next: (value) => log.push([name, value]),
      error: ({ code, temporary }: RealtimeClientError) => log.push([name, code, temporary]),
      complete: () => log.push([name, 'complete']),
    });
  const act = (name: string, data?: Json, expiresAfterMs = 0) => watch(name, outbox.add(name, data, expiresAfterMs));
  return { act, environment, log, outbox, watch };
}

function acted(id: string, data: Json = null): { type: 'ack'; id: string; data: Json } {
  return { type: 'ack', id, data };
}

/** Of the frame of an action that is sent again, in bytes. */
function sizeOf(name: string, json: string): number {
  const id = new VirtualEnvironment().id();
  return new TextEncoder().encode(
    actionFrame(`"id":"${id}","name":"${name}","data":${json},"again":true,"age":2147483647`),
  ).length;
}

describe('an action', () => {
  test('passes to the sender at once, in order with all unanswered actions', () => {
    const { act, outbox } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    act('a');
    act('b');
    expect(sender.handed).toEqual([['a'], ['a', 'b']]);
  });

  test('waits for a sender if there is none', () => {
    const { act, outbox, log } = setUp();
    act('a');
    act('b');
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    expect(sender.handed).toEqual([['a', 'b']]);
    expect(log).toEqual([]);
  });

  test('ends with its answer, which comes once', () => {
    const { act, outbox, log } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    act('a');
    const id = sender.id('a');
    expect(outbox.isEmpty).toBe(false);
    outbox.handleAnswer(acted(id, 5));
    outbox.handleAnswer(acted(id, 6));
    expect(log).toEqual([
      ['a', 5],
      ['a', 'complete'],
    ]);
    expect(outbox.isEmpty).toBe(true);
  });

  test('fails with the error of the server', () => {
    const { act, outbox, log } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    act('a');
    act('b');
    const [a, b] = [sender.id('a'), sender.id('b')];
    outbox.handleAnswer({ type: 'error', id: a, code: 'forbidden', message: 'No.', temporary: false });
    outbox.handleAnswer({ type: 'error', id: b, code: 'internal', message: 'Oh.', temporary: true });
    expect(log).toEqual([
      ['a', 'forbidden', false],
      ['b', 'internal', true],
    ]);
    expect(outbox.isEmpty).toBe(true);
  });

  test('makes room for the next with its answer', () => {
    const { act, outbox } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    act('a');
    act('b');
    outbox.handleAnswer(acted(sender.id('a')));
    expect(sender.handed.at(-1)).toEqual(['b']);
    expect(sender.handed).toHaveLength(3);
  });

  test('reports the positions of its topics, or none if it had no effect', () => {
    const { outbox } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    const settled: unknown[] = [];
    const begin = (name: string) => () => (positions?: readonly TopicPosition[]) =>
      void settled.push([name, positions]);
    for (const name of ['a', 'b', 'c']) outbox.add(name, 0, 0, begin(name)).subscribe({ error: () => undefined });
    const [a, b] = [sender.id('a'), sender.id('b')];
    const positions = [{ topic: 't', epoch: 'e', offset: 1 }];
    outbox.handleAnswer({ ...acted(a), positions });
    outbox.handleAnswer({ type: 'error', id: b, code: 'forbidden', message: 'No.', temporary: false });
    expect(settled).toEqual([
      ['a', positions],
      ['b', undefined],
    ]);
    outbox.close();
    expect(settled.at(-1)).toEqual(['c', undefined]);
  });

  test('leaves no timer after it settles', async () => {
    const { act, environment, outbox } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    act('a', 0, 5_000);
    act('b', 0, 5_000);
    await environment.settle();
    expect(environment.timers).toBe(4);
    const [a, b] = [sender.id('a'), sender.id('b')];
    outbox.handleAnswer(acted(a));
    outbox.handleAnswer({ type: 'error', id: b, code: 'forbidden', message: 'No.', temporary: false });
    expect(environment.timers).toBe(0);
  });
});

describe('an action that the outbox rejects', () => {
  test('is one more than 100 unanswered actions', () => {
    const { act, outbox, log } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    for (let n = 0; n < 100; n++) act(String(n));
    expect(log).toEqual([]);
    act('more');
    expect(log).toEqual([['more', 'too_many_requests', true]]);
    outbox.handleAnswer(acted(sender.id('0')));
    act('again');
    expect(sender.handed.at(-1)).toContain('again');
  });

  test('has data that is not JSON, a permanent error', () => {
    const { outbox, log, watch } = setUp();
    watch('bigint', outbox.add('say', 1n, 0));
    expect(log).toEqual([['bigint', 'bad_request', false]]);
    expect(outbox.isEmpty).toBe(true);
  });

  test('is any action after close()', () => {
    const { act, outbox, log } = setUp();
    outbox.close();
    act('late');
    expect(log).toEqual([['late', 'client_closed', false]]);
    expect(outbox.isEmpty).toBe(true);
  });

  test('shows no optimistic update', () => {
    const { outbox } = setUp();
    outbox.close();
    let begun = 0;
    const begin = () => {
      begun += 1;
      return () => undefined;
    };
    outbox.add('late', 0, 0, begin).subscribe({ error: () => undefined });
    expect(begun).toBe(0);
  });
});

describe('an action of unusual size', () => {
  const size = sizeOf('say', '"ü"');

  test('counts the UTF-8 bytes of its frame, up to the limit of the server', () => {
    const small = setUp();
    small.outbox.setLimits({ actionWindow: 1_000, frameBytes: size });
    small.act('say', 'ü');
    expect(small.log).toEqual([]);
    const large = setUp();
    large.outbox.setLimits({ actionWindow: 1_000, frameBytes: size - 1 });
    large.act('say', 'ü');
    expect(large.log).toEqual([['say', 'too_large', false]]);
    expect(large.outbox.isEmpty).toBe(true);
  });

  test('fails with both sizes and a remedy in the message', () => {
    const { outbox } = setUp();
    outbox.setLimits({ actionWindow: 1_000, frameBytes: size - 1 });
    const messages: string[] = [];
    outbox.add('say', 'ü', 0).subscribe({ error: ({ message }: Error) => messages.push(message) });
    expect(messages).toEqual([
      `The action "say" takes ${size} bytes, more than the server's limit of ${size - 1}. ` +
        'Send less data, or raise the limit.',
    ]);
  });

  test('is any action if the limit is tiny', () => {
    const { act, outbox, log } = setUp();
    outbox.setLimits({ actionWindow: 1_000, frameBytes: 1 });
    act('say', 'ü');
    expect(log).toEqual([['say', 'too_large', false]]);
  });

  test('is accepted without a limit', () => {
    const { act, outbox, log } = setUp();
    outbox.setLimits({ actionWindow: 1_000, frameBytes: 0 });
    act('say', 'ü');
    expect(log).toEqual([]);
  });

  test('fails as soon as the limit is known, and others continue', () => {
    const { act, outbox, log } = setUp();
    act('say', 'ü');
    act('say more', 'ü'.repeat(50));
    outbox.setLimits({ actionWindow: 1_000, frameBytes: size });
    expect(log).toEqual([['say more', 'too_large', false]]);
    expect(outbox.isEmpty).toBe(false);
  });

  test('is compared with the last announced limit', () => {
    const { act, outbox, log } = setUp();
    outbox.setLimits({ actionWindow: 1_000, frameBytes: size - 1 });
    outbox.setLimits({ actionWindow: 1_000 });
    act('say', 'ü');
    expect(log).toEqual([['say', 'too_large', false]]);
    outbox.setLimits({ actionWindow: 1_000, frameBytes: 0 });
    act('say', 'ü');
    expect(log).toHaveLength(1);
  });
});

describe('a frame that the server or a proxy rejects for its size', () => {
  /** A sender that sent three actions. The second is the largest. */
  function sent() {
    const { log, outbox, watch } = setUp();
    const messages: string[] = [];
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    for (const name of ['small', 'large', 'medium']) {
      const result$ = outbox.add(name, 'x'.repeat({ small: 1, large: 60, medium: 30 }[name]!), 0);
      watch(name, result$);
      result$.subscribe({ error: ({ message }: Error) => messages.push(message) });
    }
    return { log, messages, outbox, sender, size: sizeOf('large', `"${'x'.repeat(60)}"`) };
  }

  test('ends the largest action of its sender, with a remedy in the message', () => {
    const { log, messages, outbox, sender, size } = sent();
    outbox.handleTooLarge(sender);
    expect(log).toEqual([['large', 'too_large', false]]);
    expect(messages).toEqual([
      `The action "large" takes ${size} bytes, more than the server or a proxy accepts. Send less data, or raise the limit.`,
    ]);
    outbox.handleTooLarge(sender);
    expect(log).toEqual([
      ['large', 'too_large', false],
      ['medium', 'too_large', false],
    ]);
  });

  test('ends no action if another frame was as large', () => {
    const { log, outbox, sender, size } = sent();
    outbox.handleTooLarge(sender, size);
    expect(log).toEqual([]);
    outbox.handleTooLarge(sender, size - 1);
    expect(log).toEqual([['large', 'too_large', false]]);
  });

  test('ends no action of another sender', () => {
    const { log, outbox } = sent();
    outbox.handleTooLarge(new RecordingSender(outbox));
    expect(log).toEqual([]);
  });

  test('ends an action with an unknown outcome if an earlier copy may have run', () => {
    const { log, outbox } = sent();
    const next = new RecordingSender(outbox);
    outbox.setSender(next);
    outbox.handleTooLarge(next);
    expect(log).toEqual([['large', 'outcome_unknown', false]]);
  });

  test('ends an action with an unknown outcome if only a copy over another transport may have run', () => {
    const { log, outbox, size } = sent();
    outbox.setSender(new RecordingSender(outbox, true));
    outbox.setLimits({ actionWindow: 1_000, frameBytes: size - 1 });
    expect(log).toEqual([['large', 'outcome_unknown', false]]);
  });

  test('ends an action as too large if the current sender sent its only copy', () => {
    const { log, outbox, size } = sent();
    outbox.setLimits({ actionWindow: 1_000, frameBytes: size - 1 });
    expect(log).toEqual([['large', 'too_large', false]]);
  });
});

describe('an action without a transport', () => {
  test.each([1, 5_000])('fails as not sent after exactly %i ms', async (expiresAfterMs) => {
    const { act, environment, outbox, log } = setUp();
    act('a', 0, expiresAfterMs);
    outbox.setSender(new RecordingSender(outbox, true));
    await environment.advance(expiresAfterMs - 1);
    expect(log).toEqual([]);
    await environment.advance(1);
    expect(log).toEqual([['a', 'not_sent', false]]);
    expect(outbox.isEmpty).toBe(true);
  });

  test('waits without end for 0 ms', async () => {
    const { act, environment, log } = setUp();
    act('a', 0, 0);
    await environment.advance(1e9);
    expect(log).toEqual([]);
    expect(environment.timers).toBe(0);
  });

  test('does not expire once it was sent', async () => {
    const { act, environment, outbox, log } = setUp();
    outbox.setSender(new RecordingSender(outbox));
    act('a', 0, 5_000);
    await environment.advance(10_000);
    expect(log).toEqual([]);
  });
});

describe('another sender', () => {
  test('gets all that are unanswered, in order', () => {
    const { act, outbox } = setUp();
    outbox.setSender(new RecordingSender(outbox));
    act('a');
    act('b');
    const next = new RecordingSender(outbox);
    outbox.setSender(next);
    expect(next.handed).toEqual([['a', 'b']]);
  });

  test('gets the actions once, even if it is set again', () => {
    const { act, outbox } = setUp();
    const sender = new RecordingSender(outbox);
    act('a');
    outbox.setSender(sender);
    outbox.setSender(sender);
    expect(sender.handed).toHaveLength(1);
  });

  test('is not called without unanswered actions', () => {
    const { act, outbox } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    outbox.flush();
    expect(sender.handed).toEqual([]);
    act('a');
    outbox.handleAnswer(acted(sender.id('a')));
    expect(sender.handed).toHaveLength(1);
  });

  test('gets a requeued action again, and ignores unknown ids', () => {
    const { act, outbox } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    act('a');
    outbox.requeue(sender.id('a'));
    expect(sender.sent).toEqual(['a', 'a']);
    outbox.requeue('nobody');
    expect(sender.sent).toEqual(['a', 'a']);
  });
});

describe('the action window', () => {
  test('is two minutes until the server announces its own', async () => {
    const { act, environment, outbox, log } = setUp();
    outbox.setSender(new RecordingSender(outbox));
    act('a');
    outbox.setSender(undefined);
    await environment.advance(119_999);
    expect(log).toEqual([]);
    await environment.advance(1);
    expect(log).toEqual([['a', 'outcome_unknown', false]]);
    expect(outbox.isEmpty).toBe(true);
  });

  test('does not affect an action that is still with its sender', async () => {
    const { act, environment, outbox, log } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setLimits({ actionWindow: 1_000 });
    outbox.setSender(sender);
    act('slow');
    await environment.advance(5_000);
    outbox.flush();
    outbox.handleAnswer(acted(sender.id('slow'), 1));
    expect(log).toEqual([
      ['slow', 1],
      ['slow', 'complete'],
    ]);
  });

  test('ends an action of a replaced sender', async () => {
    const { act, environment, outbox, log } = setUp();
    outbox.setLimits({ actionWindow: 1_000 });
    outbox.setSender(new RecordingSender(outbox));
    act('a');
    outbox.setSender(new RecordingSender(outbox, true));
    await environment.advance(1_000);
    expect(log).toEqual([['a', 'outcome_unknown', false]]);
  });

  test('ends a requeued action without a transport', async () => {
    const { act, environment, outbox, log } = setUp();
    const sender = new RecordingSender(outbox);
    outbox.setLimits({ actionWindow: 1_000 });
    outbox.setSender(sender);
    act('a');
    outbox.setSender(undefined);
    outbox.requeue(sender.id('a'));
    await environment.advance(1_000);
    expect(log).toEqual([['a', 'outcome_unknown', false]]);
  });

  test('allows a resend up to its last millisecond', async () => {
    for (const [after, expected] of [
      [1_000, []],
      [1_001, [['a', 'outcome_unknown', false]]],
    ] as const) {
      const { act, environment, outbox, log } = setUp();
      await environment.advance(10_000);
      outbox.setSender(new RecordingSender(outbox));
      act('a');
      await environment.advance(after);
      outbox.setLimits({ actionWindow: 1_000 });
      const next = new RecordingSender(outbox);
      outbox.setSender(next);
      expect(log).toEqual(expected);
      expect(next.handed).toEqual(after > 1_000 ? [] : [['a']]);
    }
  });

  test('survives an observer that removes the sender', async () => {
    const { environment, outbox } = setUp();
    outbox.setSender(new RecordingSender(outbox));
    outbox.add('a', 0, 0).subscribe({ error: () => outbox.setSender(undefined) });
    await environment.advance(1_001);
    outbox.add('b', 0, 0);
    outbox.setLimits({ actionWindow: 1_000 });
    const next = new RecordingSender(outbox);
    outbox.setSender(next);
    expect(next.handed).toEqual([]);
  });

  test('counts from the first sending', async () => {
    const { act, environment, outbox, log } = setUp();
    outbox.setLimits({ actionWindow: 1_000 });
    outbox.setSender(new RecordingSender(outbox));
    act('a');
    await environment.advance(600);
    outbox.setSender(new RecordingSender(outbox));
    await environment.advance(600);
    expect(log).toEqual([]);
    outbox.setSender(new RecordingSender(outbox));
    expect(log).toEqual([['a', 'outcome_unknown', false]]);
  });

  test('does not affect actions that were never sent', async () => {
    const { act, environment, outbox, log } = setUp();
    outbox.setLimits({ actionWindow: 1_000 });
    act('a');
    await environment.advance(5_000);
    const sender = new RecordingSender(outbox);
    outbox.setSender(sender);
    expect(sender.handed).toEqual([['a']]);
    expect(log).toEqual([]);
  });
});

describe.each([
  ['close()', (outbox: ActionOutbox) => outbox.close()],
  ['another identity', (outbox: ActionOutbox) => outbox.handleIdentityChange()],
] as const)('%s', (_, end) => {
  test('fails unsent actions with not_sent, and sent ones with outcome_unknown', () => {
    const { act, outbox, log } = setUp();
    outbox.setSender(new RecordingSender(outbox));
    act('sent');
    outbox.setSender(undefined);
    act('unsent');
    end(outbox);
    expect(log).toEqual([
      ['sent', 'outcome_unknown', false],
      ['unsent', 'not_sent', false],
    ]);
    expect(outbox.isEmpty).toBe(true);
  });
});

test('another identity does not end the outbox', () => {
  const { act, outbox } = setUp();
  outbox.handleIdentityChange();
  const sender = new RecordingSender(outbox);
  outbox.setSender(sender);
  act('a');
  expect(sender.handed).toEqual([['a']]);
});
