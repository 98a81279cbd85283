import { describe, expect, test } from '@jest/globals';
import { action, stateTopic } from '@statewire/protocol';

import type { RealtimeClient } from '../src/index.js';

const pause = action<{ readonly battleId: string }, 'paused'>('battles/pause');
const battle = stateTopic<{ readonly tick: number }>()('battles/:battleId');

/** Never run: the compiler reads it, and an expected error that is none fails the type check. */
function misuse(client: RealtimeClient): void {
  // @ts-expect-error a field is missing
  client.act(pause, {});
  // @ts-expect-error the parameter has another type
  client.act(pause, { battleId: 7 });
  // @ts-expect-error the result is not a number
  client.act(pause, { battleId: '7' }).subscribe((result: number) => result);
  // @ts-expect-error a state topic has no events
  client.events(battle.with({ battleId: '7' }));
  // @ts-expect-error the value has no such field
  client.state(battle.with({ battleId: '7' })).subscribe(({ turn }) => turn as unknown);
}

describe('The types of the client', () => {
  test('refuse what the contract does not allow', () => {
    expect(misuse).toHaveLength(1);
  });
});
