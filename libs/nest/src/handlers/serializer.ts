import { ClassSerializerInterceptor, type NestInterceptor } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { defer, of } from 'rxjs';

import type { HandlerMethod } from './handler-method.js';

/** Returns a value as the class serializers of its handler show it. */
export type Serialize = (value: unknown) => unknown;

/** Whether an interceptor shows the same value to every caller, so that it can apply to a topic. */
export function isClassSerializer(interceptor: NestInterceptor): boolean {
  return interceptor instanceof ClassSerializerInterceptor;
}

/** The same for the class of a request-scoped interceptor, which has no instance at the start. */
export function isClassSerializerType(type: unknown): boolean {
  return (
    type === ClassSerializerInterceptor ||
    (typeof type === 'function' && type.prototype instanceof ClassSerializerInterceptor)
  );
}

/**
 * Combines the class serializers among the interceptors of a handler. Resolves when class-transformer is loaded, with
 * undefined if there are none. The first interceptor is the outermost one, as in Nest.
 */
export async function serializeOf(
  interceptors: readonly NestInterceptor[],
  handler: HandlerMethod,
): Promise<Serialize | undefined> {
  const steps = await Promise.all(
    interceptors.filter(isClassSerializer).map((serializer) => stepOf(serializer, handler)),
  );
  if (steps.length === 0) return undefined;
  return (value) => steps.reduceRight((shown, step) => step(shown), value);
}

/** Runs the interceptor once around a result that changes, because its own methods for a single value are protected. */
async function stepOf(serializer: NestInterceptor, { instance, method }: HandlerMethod): Promise<Serialize> {
  const context = new ExecutionContextHost([], instance.constructor as never, method);
  let given: unknown;
  const shown$ = await serializer.intercept(context, { handle: () => defer(() => of(given)) });
  return (value) => {
    given = value;
    let outcome: { readonly shown: unknown } | { readonly error: unknown } | undefined;
    shown$.subscribe({
      next: (shown) => (outcome = { shown }),
      error: (error: unknown) => (outcome = { error }),
    });
    given = undefined;
    if (outcome === undefined) throw new TypeError(`${serializer.constructor.name} must answer at once.`);
    if ('error' in outcome) throw outcome.error;
    return outcome.shown;
  };
}

/**
 * Returns the value. Before the module has started, nobody knows whether a class serializer would hide a field.
 *
 * @throws TypeError if the value contains an object of a class.
 */
export function rejectInstances(topic: string, value: unknown): unknown {
  if (!hasInstance(value)) return value;
  throw new TypeError(
    `The value of "${topic}" contains an object of a class, but the module has not started, so it does not know the ` +
      'class serializers. Publish it in onModuleInit or later, or publish a plain object.',
  );
}

function hasInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  const isPlain = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
  return !isPlain || Object.values(value).some(hasInstance);
}
