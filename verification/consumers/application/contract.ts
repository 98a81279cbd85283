import { action, stateTopic } from '@statewire/protocol';

export interface Counter {
  readonly count: number;
}

export const counter = stateTopic<Counter>()('counters/:counterId');
export const increment = action<{ readonly counterId: string }, Counter>('counters/increment');
