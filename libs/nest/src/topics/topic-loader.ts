import type { TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

/** A topic whose name matches a handler. The caller has passed the guards of the handler. */
export interface ResolvedTopic {
  readonly name: string;
  readonly kind: TopicKind;
  /** The pattern of the topic in the contract, where it is known. */
  readonly pattern?: string;
  /** Name of the field that identifies the rows of lists, from the contract. */
  readonly rowKey?: string;
}

/** Loads topics when they are activated. */
export interface TopicLoader {
  /**
   * Loads a topic. Called once per activation. Returns a promise if pipes have to run first; the promise rejects with a
   * RealtimeError if a pipe rejects a parameter.
   */
  load(topic: ResolvedTopic): TopicLoad | Promise<TopicLoad>;

  /** Whether no client can follow the topic, because the application has no handler for it. Omitted: unknown. */
  lacks?(topic: string): boolean;

  /** Returns a loaded or published value as the class serializers of its handler show it. Undefined: there are none. */
  readonly serialize?: ((topic: string, value: unknown) => unknown) | undefined;
}

/**
 * The start of a topic.
 *
 * - `nothing`: no first value.
 * - `value`: a promise of the first value. `undefined` means that there is no value yet. Later values are published.
 * - `source`: an observable that is the only writer of the topic from now on.
 */
export type TopicLoad =
  | { readonly type: 'nothing' }
  | { readonly type: 'value'; readonly value: Promise<unknown> }
  | { readonly type: 'source'; readonly source: Observable<unknown> };
