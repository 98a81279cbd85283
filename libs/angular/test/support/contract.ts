import { action, eventTopic, stateTopic } from '@statewire/protocol';

export interface Battle {
  readonly tick: number;
}

export interface Notice {
  readonly text: string;
}

export const battle = stateTopic<Battle>()('battles/:battleId');
export const notices = eventTopic<Notice>()('players/:playerId/notifications');
export const pause = action<{ readonly battleId: string }, { readonly paused: boolean }>('battles/pause');

export const first = battle.with({ battleId: '1' });
export const second = battle.with({ battleId: '2' });
export const mine = notices.with({ playerId: 'me' });
export const yours = notices.with({ playerId: 'you' });
