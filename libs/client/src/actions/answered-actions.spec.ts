import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { ActionOutbox } from './action-outbox.js';
import type { ActionSender } from './pending-action.js';

/** An outbox whose sender sends everything at once. */
function outboxOf() {
  const environment = new VirtualEnvironment();
  const outbox = new ActionOutbox(environment);
  const sender: ActionSender = {
    confirm: () => undefined,
    send: (unanswered) => {
      for (const action of unanswered) if (action.sender !== sender) outbox.markSent(action, sender);
      for (const { id } of [...unanswered]) outbox.handleAnswer({ type: 'ack', id });
    },
  };
  outbox.setSender(sender);
  return { environment, outbox, sender };
}

function answer(outbox: ActionOutbox, actions: number): void {
  for (let n = 0; n < actions; n += 1) outbox.add('go', n, 0);
}

describe('the answers that the outbox confirms', () => {
  test('belong to one identity', async () => {
    const { environment, outbox } = outboxOf();
    answer(outbox, 1);
    outbox.handleIdentityChange();
    expect(outbox.withAnswered('{"type":"pong"}')).toBe('{"type":"pong"}');
    outbox.close();
    expect(environment.timers).toBe(0);
  });

  test('fill a frame with at most 32 ids, and never above the limit of the server', () => {
    const { outbox } = outboxOf();
    answer(outbox, 40);
    const count = (text: string) => (JSON.parse(text) as { answered?: string[] }).answered?.length;
    const large = `{"data":"${'x'.repeat(16_000)}"}`;
    expect(outbox.withAnswered(large)).toBe(large);
    expect(['{"a":1}', '{"a":1}', '{"a":1}'].map((text) => count(outbox.withAnswered(text)))).toEqual([
      32,
      8,
      undefined,
    ]);
    outbox.setLimits({ actionWindow: 1_000, frameBytes: 100_000 });
    answer(outbox, 1);
    expect(count(outbox.withAnswered(large))).toBe(1);
  });

  test('are repeated for a new sender, the last 64 of them', () => {
    const { outbox, sender } = outboxOf();
    const confirmed: string[] = [];
    const confirm = (): number => {
      const { answered = [] } = JSON.parse(outbox.withAnswered('{"a":1}')) as { answered?: string[] };
      confirmed.push(...answered);
      return answered.length;
    };
    answer(outbox, 200);
    while (confirm() > 0);
    expect(new Set(confirmed).size).toBe(200);
    const told = confirmed.splice(0);
    outbox.setSender(undefined);
    outbox.setSender(sender);
    while (confirm() > 0);
    expect(confirmed).toEqual(told.slice(-confirmed.length));
    expect(confirmed.length).toBeGreaterThanOrEqual(64);
    expect(confirmed.length).toBeLessThanOrEqual(96);
  });
});
