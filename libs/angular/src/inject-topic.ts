import { computed, effect, inject, signal } from '@angular/core';
import type { RealtimeClient, TopicState } from '@statewire/client';
import type { TopicReference } from '@statewire/protocol';
import { map } from 'rxjs';

import { currentTopic } from './current-topic.js';
import { createInInjector, type InjectorOption } from './injector-option.js';
import { injectOfClient, type ClientOption } from './named-client.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { topicResource, type FollowedState, type TopicResource } from './topic-resource.js';
import { Updates } from './updates.js';

const UNKNOWN: TopicState<never> = {
  value: undefined,
  confirmed: undefined,
  pending: 0,
  position: undefined,
  freshness: { state: 'catching-up' },
  error: undefined,
};

/** Options of `injectTopic()`. */
export type InjectTopicOptions = InjectorOption & ClientOption;

/**
 * Follows a state topic until the injection context is destroyed. When a signal that the reference function reads
 * changes, the topic changes too, and the resource never shows a value of the previous topic. `undefined` follows no
 * topic.
 *
 * @throws Error outside an injection context without the option `injector`.
 * @example
 * readonly id = input.required<string>();
 * readonly battle = injectTopic(() => battle.with({ battleId: this.id() }));
 * // template: @if (battle.hasValue()) { {{ battle.value().tick }} {{ battle.freshness()?.state }} }
 */
export function injectTopic<T>(
  reference: () => TopicReference<T, 'state'> | undefined,
  options: InjectTopicOptions = {},
): TopicResource<T | undefined> {
  return createInInjector(injectTopic, options, () =>
    createTopicResource(reference, injectOfClient(REALTIME_CLIENT, options.client)),
  );
}

function createTopicResource<T>(
  reference: () => TopicReference<T, 'state'> | undefined,
  client: RealtimeClient,
): TopicResource<T | undefined> {
  const updates = inject(Updates);
  const topic = currentTopic(reference);
  const latest = signal<{ readonly of: TopicReference<T, 'state'>; readonly state: TopicState<T> } | undefined>(
    undefined,
  );

  effect((onCleanup) => {
    const of = topic();
    if (of === undefined || 'code' in of) return;
    const states = client.topic(of).pipe(map((state) => ({ of, state })));
    onCleanup(updates.follow(states, latest));
  });

  return topicResource(
    computed<FollowedState<T> | undefined>(() => {
      const wanted = topic();
      if (wanted === undefined) return undefined;
      if ('code' in wanted) return { ...UNKNOWN, freshness: undefined, error: wanted };
      const current = latest();
      return current?.of === wanted ? current.state : UNKNOWN;
    }),
  );
}
