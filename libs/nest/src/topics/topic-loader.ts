import type { TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

/** A topic with a handler that matches its name. The guards of the handler let the caller in. */
export interface ResolvedTopic {
  readonly name: string;
  readonly kind: TopicKind;
}

/** Loads topics when they are activated. */
export interface TopicLoader {
  /**
   * Loads a topic. Called once per activation. Returns a promise if pipes have to run first; the promise rejects with a
   * RealtimeError if a pipe refuses.
   */
  load(topic: ResolvedTopic): TopicLoad | Promise<TopicLoad>;
}

/**
 * What a topic starts with.
 *
 * - `nothing`: its publications alone.
 * - `value`: a promise of the first value; `undefined` means none yet. Later values are published.
 * - `source`: an observable, which is the only writer of the topic from then on.
 */
export type TopicLoad =
  | { readonly type: 'nothing' }
  | { readonly type: 'value'; readonly value: Promise<unknown> }
  | { readonly type: 'source'; readonly source: Observable<unknown> };
