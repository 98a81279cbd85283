import { labelOf, type ActionMethod, type TopicMethod } from './handler-method.js';
import type { PipelineFactory } from './pipeline-factory.js';
import { isDataUnchecked } from './validation.js';

/** Advice for a handler whose data nothing checks. */
const UNCHECKED_DATA =
  'Nothing checks @ActionData(), because its type is no DTO class with rules of class-validator. Give it one, or a pipe: ' +
  "@ActionData(new MyPipe()), @ActionData('count', ParseIntPipe).";

/** Advice for global interceptors and filters that run for no topic and no action. */
const LEFT_OUT =
  'They run for controllers, but for no topic and no action. Name every kind that should run for them in the option ' +
  "globalEnhancers of RealtimeModule, such as ['guards', 'pipes', 'interceptors'].";

/** Advice for an interceptor around a topic handler. */
const RESULT_IGNORED =
  'It runs for each subscriber and may reject one, but cannot change the value, which is one for all readers. Change the ' +
  'value in the handler, or with ClassSerializerInterceptor.';

/** Warns of unchecked data, and of enhancers that do not apply as they do in a controller. */
export function warnOfHandlers(
  contexts: PipelineFactory,
  topics: readonly TopicMethod[],
  actions: readonly ActionMethod[],
): void {
  const { log } = contexts;
  for (const action of actions.filter(isDataUnchecked)) {
    log.warn('action-data-unchecked', { reason: labelOf(action), advice: UNCHECKED_DATA });
  }
  for (const { kind, names } of contexts.globalsLeftOut()) {
    log.warn('global-enhancers-left-out', { reason: kind, names: names.join(', '), advice: LEFT_OUT });
  }
  const ignored = new Map<string, string[]>();
  for (const topic of topics) {
    for (const name of contexts.ignoredInterceptors(topic)) {
      ignored.set(name, [...(ignored.get(name) ?? []), labelOf(topic)]);
    }
  }
  for (const [name, handlers] of ignored) {
    log.warn('interceptor-result-ignored', { reason: name, handlers: handlers.join(', '), advice: RESULT_IGNORED });
  }
}
