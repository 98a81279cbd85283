import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { Revocations } from './revocations.js';

const alice = { connection: 'c1', user: 'alice' };

function create(verification = 10_000) {
  const environment = new VirtualEnvironment();
  return { environment, revocations: new Revocations(environment, verification) };
}

describe('Revocations', () => {
  test('set a deadline for credentials presented before, and for no later ones', () => {
    const { revocations } = create();
    const before = revocations.mark;
    revocations.add({ user: 'alice' }, 500);
    expect(revocations.deadline({ ...alice, presented: before })).toBe(500);
    expect(revocations.deadline({ ...alice, presented: revocations.mark })).toBeUndefined();
    revocations.add({ user: 'bob' }, 0);
    expect(revocations.deadline({ ...alice, presented: revocations.mark - 1 })).toBeUndefined();
  });

  test('end a held request at the shortest grace period, except when its credentials are newer', async () => {
    const { environment, revocations } = create();
    const ended: string[] = [];
    const hold = (name: string): void =>
      void revocations.whilePermitted('alice', revocations.mark).subscribe({
        error: ({ code }: { code: string }) => ended.push(`${name} ${code} at ${environment.monotonic()}`),
      });
    hold('first');
    revocations.add({ user: 'alice' }, 5_000);
    hold('second');
    revocations.add({ connection: 'alice' }, 0);
    revocations.add({ user: 'bob' }, 0);
    await environment.advance(1_000);
    revocations.add({ user: 'alice' }, 1_500);
    hold('third');
    await environment.advance(60_000);
    expect(ended).toEqual(['first unauthorized at 2500', 'second unauthorized at 2500']);
    expect(environment.timers).toBe(0);
  });

  test('of all users end every request with credentials after the grace period', async () => {
    const { environment, revocations } = create();
    const ended: number[] = [];
    const before = revocations.mark;
    revocations.whilePermitted('alice', before).subscribe({ error: () => ended.push(environment.monotonic()) });
    revocations.addForAllUsers(5_000);
    await environment.advance(60_000);
    expect(ended).toEqual([5_000]);
    expect(revocations.deadline({ connection: 'c2', user: undefined, presented: before })).toBeUndefined();
  });

  test('are checked at the end of a verification', async () => {
    const { environment, revocations } = create(0);
    const { mark } = revocations;
    revocations.add({ user: 'alice' }, 1_000);
    expect(() => revocations.check('alice', mark)).not.toThrow();
    await environment.advance(1_000);
    expect(() => revocations.check('alice', mark)).toThrow('was revoked');
    expect(() => revocations.check('alice', revocations.mark)).not.toThrow();
    expect(() => revocations.check('bob', mark)).not.toThrow();
    expect(() => revocations.check(undefined, mark)).not.toThrow();
    await environment.advance(120_000);
    revocations.add({ user: 'bob' }, 0);
    expect(() => revocations.check('bob', mark)).toThrow('took too long');
    const told: string[] = [];
    revocations.whilePermitted('bob', mark).subscribe({ error: ({ code }: { code: string }) => told.push(code) });
    expect(told).toEqual(['timeout']);
  });

  test('distinguish a connection from a user of the same name', () => {
    const { revocations } = create();
    revocations.add({ user: 'c1' }, 0);
    expect(revocations.deadline({ ...alice, presented: 0 })).toBeUndefined();
    revocations.add({ connection: 'c1' }, 0);
    expect(revocations.deadline({ ...alice, presented: 0 })).toBe(0);
    expect(revocations.deadline({ connection: 'c2', user: undefined, presented: 0 })).toBeUndefined();
  });

  test('use the shortest grace period that has not ended, and a later revocation starts anew', async () => {
    const { environment, revocations } = create();
    revocations.add({ user: 'alice' }, 5_000);
    revocations.add({ user: 'alice' }, 60_000);
    expect(revocations.deadline({ ...alice, presented: 0 })).toBe(5_000);
    revocations.add({ user: 'alice' }, 0);
    expect(revocations.deadline({ ...alice, presented: 0 })).toBe(0);
    await environment.advance(10_000);
    revocations.add({ user: 'alice' }, 3_000);
    expect(revocations.deadline({ ...alice, presented: 3 })).toBe(13_000);
  });

  test('leave credentials presented after a shorter grace period the later deadline', () => {
    const { revocations } = create();
    revocations.add({ user: 'alice' }, 5_000);
    const renewed = revocations.mark;
    revocations.add({ user: 'alice' }, 60_000);
    revocations.add({ connection: 'c1' }, 50_000);
    expect(revocations.deadline({ ...alice, presented: 0 })).toBe(5_000);
    expect(revocations.deadline({ ...alice, presented: renewed })).toBe(50_000);
    expect(revocations.deadline({ connection: 'c2', user: 'alice', presented: renewed })).toBe(60_000);
  });

  test('do not extend an ended grace period', async () => {
    const { environment, revocations } = create();
    revocations.add({ user: 'alice' }, 1_000);
    await environment.advance(2_000);
    revocations.add({ user: 'alice' }, 30_000);
    expect(revocations.deadline({ ...alice, presented: 0 })).toBe(1_000);
    expect(revocations.deadline({ ...alice, presented: 1 })).toBe(32_000);
  });

  test('store 100,000 users and find each deadline', () => {
    const { revocations } = create();
    for (let user = 0; user < 100_000; user += 1) revocations.add({ user: `u${user}` }, 0);
    expect(revocations.size).toBe(100_000);
    expect(revocations.deadline({ connection: 'c', user: 'u99998', presented: 0 })).toBe(0);
  });

  test('report that they no longer reach back to the start of a long verification', async () => {
    const { environment, revocations } = create(0);
    const verifying = revocations.mark;
    revocations.add({ user: 'bob' }, 1_000);
    const later = revocations.mark;
    await environment.advance(60_000);
    revocations.add({ user: 'carol' }, 0);
    expect(revocations.reachesBackTo(verifying)).toBe(true);
    await environment.advance(62_000);
    revocations.add({ user: 'carol' }, 0);
    expect(revocations.reachesBackTo(verifying)).toBe(false);
    expect(revocations.reachesBackTo(later)).toBe(false);
    expect(revocations.reachesBackTo(revocations.mark)).toBe(true);
  });

  test('are dropped after the longest possible verification', async () => {
    const { environment, revocations } = create(100_000);
    for (let user = 0; user < 1_000; user += 1) revocations.add({ user: `u${user}` }, 1_000);
    await environment.advance(100_000);
    revocations.add({ user: 'alice' }, 0);
    expect(revocations.size).toBe(1_001);
    await environment.advance(100_000);
    revocations.add({ user: 'bob' }, 0);
    expect(revocations.size).toBe(2);
  });
});
