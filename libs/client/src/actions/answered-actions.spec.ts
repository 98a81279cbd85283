import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { ActionOutbox } from './action-outbox.js';
import type { ActionSender, PendingAction } from './pending-action.js';

const FRAME = '{"a":1}';

/** An outbox whose sender sends everything at once, and counts the frames that only confirm. */
function outboxOf() {
  const environment = new VirtualEnvironment();
  const outbox = new ActionOutbox(environment);
  const confirmedAt: number[] = [];
  const sender: ActionSender = {
    confirm: () => {
      confirmedAt.push(environment.monotonic());
      outbox.withAnswered(FRAME);
    },
    send: (unanswered) => {
      for (const action of unanswered) if (action.sender !== sender) outbox.markSent(action, sender);
      for (const { id } of [...unanswered]) outbox.handleAnswer({ type: 'ack', id });
    },
  };
  outbox.setSender(sender);
  return { confirmedAt, environment, outbox, sender };
}

function answer(outbox: ActionOutbox, actions: number): void {
  for (let n = 0; n < actions; n += 1) outbox.add('go', n, 0);
}

describe('the answers that the outbox confirms', () => {
  test('belong to one identity', async () => {
    const { environment, outbox } = outboxOf();
    answer(outbox, 1);
    outbox.handleIdentityChange();
    expect(outbox.withAnswered(FRAME)).toBe(FRAME);
    outbox.setSender(undefined);
    expect(outbox.withAnswered(FRAME)).toBe(FRAME);
    outbox.close();
    expect(environment.timers).toBe(0);
  });

  test('fill a frame with at most 32 ids, and never above the limit of the server', () => {
    const { outbox } = outboxOf();
    answer(outbox, 40);
    const count = (text: string) => (JSON.parse(text) as { answered?: string[] }).answered?.length;
    const large = `{"data":"${'x'.repeat(16_000)}"}`;
    expect(outbox.withAnswered(large)).toBe(large);
    expect([FRAME, FRAME, FRAME].map((text) => count(outbox.withAnswered(text)))).toEqual([32, 8, undefined]);
    outbox.setLimits({ actionWindow: 1_000, frameBytes: 100_000 });
    answer(outbox, 1);
    expect(count(outbox.withAnswered(large))).toBe(1);
  });

  test('fit a frame if each UTF-16 unit may take three bytes', () => {
    const [exact, tight] = [outboxOf().outbox, outboxOf().outbox];
    const { length } = `{"a":1,"answered":["${new VirtualEnvironment().id()}"]}`;
    answer(exact, 1);
    answer(tight, 1);
    exact.setLimits({ actionWindow: 1_000, frameBytes: length * 3 });
    tight.setLimits({ actionWindow: 1_000, frameBytes: length * 3 - 1 });
    expect(exact.withAnswered(FRAME)).toHaveLength(length);
    expect(tight.withAnswered(FRAME)).toBe(FRAME);
  });

  test('get a frame of their own after a second, one for all of them', async () => {
    const { confirmedAt, environment, outbox } = outboxOf();
    const start = environment.monotonic();
    answer(outbox, 1);
    await environment.advance(500);
    answer(outbox, 1);
    expect(environment.timers).toBe(1);
    await environment.advance(500);
    expect(confirmedAt.map((at) => at - start)).toEqual([1_000]);
    await environment.advance(2_000);
    answer(outbox, 1);
    await environment.advance(1_000);
    expect(confirmedAt.map((at) => at - start)).toEqual([1_000, 4_000]);
    expect(environment.timers).toBe(0);
  });

  test('need no frame of their own once another frame confirmed them', async () => {
    const { confirmedAt, environment, outbox } = outboxOf();
    answer(outbox, 1);
    outbox.withAnswered(FRAME);
    await environment.advance(1_000);
    expect(confirmedAt).toEqual([]);
  });

  test('wait for the next frame of a transport that sends frames soon anyway', async () => {
    const { environment, outbox } = outboxOf();
    outbox.setSender({ send: ([action]) => action && outbox.handleAnswer({ type: 'ack', id: action.id }) });
    answer(outbox, 1);
    expect(environment.timers).toBe(0);
  });

  test('wait for the next transport if there is none', async () => {
    const { confirmedAt, environment, outbox, sender } = outboxOf();
    const ids: string[] = [];
    outbox.setSender({ send: (unanswered) => unanswered.forEach((action) => sent(action)), confirm: () => undefined });
    const sent = (action: PendingAction) => {
      outbox.markSent(action, sender);
      ids.push(action.id);
    };
    answer(outbox, 1);
    outbox.setSender(undefined);
    outbox.handleAnswer({ type: 'ack', id: ids[0]! });
    expect(environment.timers).toBe(0);
    outbox.setSender(sender);
    answer(outbox, 1);
    outbox.setSender(undefined);
    await environment.advance(1_000);
    expect(confirmedAt).toEqual([]);
    expect(outbox.withAnswered(FRAME)).toContain(ids[0]!);
  });

  test('are not those of an action of which a copy may still arrive', () => {
    const { outbox, sender } = outboxOf();
    const actions: PendingAction[] = [];
    const recorder: ActionSender = {
      send: (unanswered) => {
        for (const action of unanswered) outbox.markSent(action, recorder);
        actions.push(...unanswered);
      },
    };
    outbox.setSender(recorder);
    answer(outbox, 1);
    outbox.setSender({ ...sender, send: ([action]) => action && outbox.markSent(action, sender) });
    outbox.handleAnswer({ type: 'ack', id: actions[0]!.id });
    expect(outbox.isEmpty).toBe(true);
    expect(outbox.withAnswered(FRAME)).toBe(FRAME);
  });

  test('include that of an action whose first copy the server rejected before its start', () => {
    const { outbox, sender } = outboxOf();
    const ids: string[] = [];
    const recorder: ActionSender = {
      send: ([action]) => {
        if (action === undefined || action.sender === recorder) return;
        outbox.markSent(action, recorder);
        ids.push(action.id);
      },
    };
    outbox.setSender(recorder);
    answer(outbox, 1);
    outbox.requeue(ids[0]!);
    expect(ids).toEqual([ids[0], ids[0]]);
    outbox.handleAnswer({ type: 'ack', id: ids[0]! });
    outbox.setSender(sender);
    expect(outbox.withAnswered(FRAME)).toContain(ids[0]!);
  });

  test('are repeated for a new sender, the last 64 of them', () => {
    const { outbox, sender } = outboxOf();
    const confirmed: string[] = [];
    const confirm = (): number => {
      const { answered = [] } = JSON.parse(outbox.withAnswered(FRAME)) as { answered?: string[] };
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
