import type { Position, Since } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import type { Broker } from '../broker/broker.js';
import type { Environment } from '../environment.js';
import type { RealtimeLog } from '../lifecycle/realtime-log.js';
import type { TopicOutlet } from '../outbox/outlet.js';
import type { CatchUpAnswer, ResolvedTopic, TopicLoader, TopicPublication, Topics, TopicSubscription } from './topics.js';

/** Durations in milliseconds, sizes in bytes; 0 switches a limit off. */
export interface TopicRegistryOptions {
  readonly broker: Broker;
  readonly loader: TopicLoader;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly limits: { readonly maxPublication: number; readonly loadTimeout: number; readonly linger: number };
  readonly history: { readonly count: number; readonly bytes: number; readonly age: number };
  /** Whether published objects are frozen, so that mutating one throws where it happens. Default: outside production. */
  readonly freeze?: boolean;
}

export class TopicRegistry implements Topics {
  constructor(private readonly options: TopicRegistryOptions) {}

  subscribe(
    _topic: ResolvedTopic,
    _outlet: TopicOutlet,
    _options: { readonly since?: Since; readonly ref?: string; readonly onEnd: (code: 'closed') => void },
  ): Promise<TopicSubscription> {
    throw new Error('not built yet');
  }

  catchUp(_topic: ResolvedTopic, _since?: Since): Promise<CatchUpAnswer> {
    throw new Error('not built yet');
  }

  waitForNews(_topic: ResolvedTopic, _position: Position, _signal: AbortSignal): Promise<boolean> {
    throw new Error('not built yet');
  }

  publish(_topic: ResolvedTopic, _value: unknown): Promise<Position> {
    throw new Error('not built yet');
  }

  stream(_topic: ResolvedTopic): Observable<TopicPublication> {
    throw new Error('not built yet');
  }

  close(_topic: string): Promise<void> {
    throw new Error('not built yet');
  }

  dispose(): Promise<void> {
    throw new Error('not built yet');
  }
}
