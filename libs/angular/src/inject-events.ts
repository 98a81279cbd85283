import { effect, ErrorHandler, inject, untracked } from '@angular/core';
import type { EventDelivery, RealtimeClientError } from '@statewire/client';
import type { Position, Since, TopicReference } from '@statewire/protocol';
import { throwError } from 'rxjs';

import { currentTopic } from './current-topic.js';
import { createInInjector, type InjectorOption } from './injector-option.js';
import { injectOfClient, type ClientOption } from './named-client.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { Updates } from './updates.js';

/** Options of `injectEvents()`. */
export interface InjectEventsOptions extends InjectorOption, ClientOption {
  /**
   * Where to start: a position, or `'oldest'` for all events that the server still has. Default: events from now on.
   */
  readonly since?: Since;
  /** Called when events up to `position` are lost, because the server's history no longer has them. */
  readonly onLost?: (position: Position) => void;
  /**
   * Called when the topic is forbidden, unknown or closed, when the reference function throws (`invalid_topic`), and
   * when the server cannot serve the topic for now (the error is `temporary`, and events follow later). Default:
   * Angular's `ErrorHandler`.
   */
  readonly onError?: (error: RealtimeClientError) => void;
}

/**
 * Calls a handler with each event of a topic, once and in order, until the injection context is destroyed. When a
 * signal that the reference function reads changes, the topic changes too. An error that the handler throws goes to
 * Angular's `ErrorHandler`; the next event follows.
 *
 * @throws Error outside an injection context without the option `injector`.
 * @example injectEvents(() => notices.with({ playerId: this.playerId() }), (notice) => this.toasts.show(notice));
 */
export function injectEvents<T>(
  reference: () => TopicReference<T, 'events'> | undefined,
  handler: (event: NoInfer<T>) => void,
  options: InjectEventsOptions = {},
): void {
  createInInjector(injectEvents, options, () => followEvents(reference, handler, options));
}

function followEvents<T>(
  reference: () => TopicReference<T, 'events'> | undefined,
  handler: (event: T) => void,
  { client: name, since, onLost, onError }: InjectEventsOptions,
): void {
  const client = injectOfClient(REALTIME_CLIENT, name);
  const updates = inject(Updates);
  const errors = inject(ErrorHandler);
  const topic = currentTopic(reference);
  const report = onError ?? ((error: unknown) => errors.handleError(error));

  const deliver = (delivery: EventDelivery<T>): void => {
    try {
      if (delivery.type === 'event') handler(delivery.data);
      else onLost?.(delivery.position);
    } catch (error) {
      errors.handleError(error);
    }
  };

  effect((onCleanup) => {
    const followed = topic();
    if (followed === undefined) return;
    const deliveries =
      'code' in followed
        ? throwError(() => followed)
        : client.deliveries(followed, { onUnavailable: report, ...(since === undefined ? {} : { since }) });
    const subscription = untracked(() => updates.observe(deliveries).subscribe({ next: deliver, error: report }));
    onCleanup(() => subscription.unsubscribe());
  });
}
