import { describe, expect, test } from '@jest/globals';

import { act, ConnectionRig } from '../../test/support/connection-rig.js';

const LIMIT = 20_000;
const SAFE_BYTES = 16 * 1024;

function limited(bytes: number): Promise<ConnectionRig> {
  return ConnectionRig.welcomed({ limits: { frames: { bytes } } });
}

/** An `action` frame of this size. */
function actionOf(bytes: number): string {
  const frame = JSON.stringify({ ...act('7'), data: '' });
  return frame.replace('"data":""', `"data":"${'x'.repeat(bytes - frame.length)}"`);
}

describe('Connection: large frames', () => {
  test('rejects an action above the limit with its id, and runs one at the limit', async () => {
    const rig = await limited(1_000);
    await rig.received();
    rig.send(actionOf(1_000));
    expect(await rig.received()).toEqual([{ type: 'ack', id: '7' }]);
    rig.send(actionOf(1_001));
    expect(await rig.received()).toEqual([
      {
        ...{ type: 'error', id: '7', code: 'too_large', temporary: false },
        message: 'The action has 1001 bytes, at most 1000 are accepted. Send less data.',
      },
    ]);
    expect(rig.logged.filter((line) => line.includes('frame-too-large'))).toHaveLength(1);
  });

  test('accepts other frames of 16 KiB under a smaller limit', async () => {
    const rig = await limited(1_000);
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }], ref: 'r', padding: 'x'.repeat(2_000) });
    expect(await rig.received()).toMatchObject([{ type: 'subscribed', topic: 'a' }]);
  });

  test('accepts an action of any size without a limit', async () => {
    const rig = await limited(0);
    rig.send(actionOf(200_000));
    expect(await rig.received()).toEqual([{ type: 'ack', id: '7' }]);
  });

  test.each([
    [LIMIT, LIMIT],
    [1_000, SAFE_BYTES],
  ])('under a limit of %i, the log names the limit of a message that ws rejects: %i bytes', async (bytes, limit) => {
    const rig = await limited(bytes);
    rig.connection.rejectTooLarge(70_000);
    expect(rig.connection.phase).toBe('closed');
    rig.connection.rejectTooLarge(70_000);
    const lines = rig.logged.filter((line) => line.includes('frame-too-large'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('70000');
    expect(lines[0]).toContain(String(limit));
    expect(rig.counters.closes.toRecord()).toEqual({ 1009: 1 });
  });
});
