import { describe, expect, test } from '@jest/globals';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

import type { RealtimeClient } from '../src/index.js';

const pause = action<{ readonly battleId: string }, 'paused'>('battles/pause');
const battle = stateTopic<{ readonly tick: number }>()('battles/:battleId');
const lobby = stateTopic<{ readonly names: readonly string[] }>()('lobby');
const notices = eventTopic<string>()('notices');

/** Never run: the compiler reads it, and an expected error that is none fails the type check. */
function misuse(client: RealtimeClient): void {
  // @ts-expect-error a field is missing
  client.act(pause, {});
  // @ts-expect-error the parameter has another type
  client.act(pause, { battleId: 7 });
  // @ts-expect-error the result is not a number
  client.act(pause, { battleId: '7' }).subscribe((result: number) => result);
  const first = battle.with({ battleId: '7' });
  const data = { battleId: '7' };
  client.act(pause, data, { optimistic: [first, ({ tick }) => ({ tick: tick + 1 })] });
  client.act(pause, data, {
    optimistic: [
      [first, ({ tick }) => ({ tick: tick + 1 })],
      [lobby.with(), ({ names }) => ({ names: [...names, 'Ann'] })],
    ],
  });
  // @ts-expect-error the update gives something else than the value of the topic
  client.act(pause, data, { optimistic: [first, ({ tick }) => ({ turn: tick })] });
  // @ts-expect-error the value has no such field
  client.act(pause, data, { optimistic: [first, ({ turn }) => ({ tick: turn as number })] });
  // @ts-expect-error nothing is given back
  client.act(pause, data, { optimistic: [first, () => undefined] });
  client.act(pause, data, {
    optimistic: [
      // @ts-expect-error the value of this topic has no such field
      [first, ({ names }) => ({ tick: names as number })],
      // @ts-expect-error the update gives something else than the value of its topic
      [lobby.with(), () => ({ names: 3 })],
    ],
  });
  // @ts-expect-error an event topic has no value to update
  client.act(pause, data, { optimistic: [notices.with(), (text) => text] });
  // @ts-expect-error a state topic has no events
  client.events(battle.with({ battleId: '7' }));
  // @ts-expect-error the value has no such field
  client.state(battle.with({ battleId: '7' })).subscribe(({ turn }) => turn as unknown);
}

describe('the types of the client', () => {
  test('reject code that the contract does not allow', () => {
    expect(misuse).toHaveLength(1);
  });
});
