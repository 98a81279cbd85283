import { ValidationPipe } from '@nestjs/common';
import { PIPES_METADATA } from '@nestjs/common/constants.js';
import { getMetadataStorage } from 'class-validator';

import { parametersOf, type HandlerMethod } from './handler-method.js';

/** Whether the type of a parameter is a DTO: a class with rules of class-validator. */
export function isDto(type: unknown): boolean {
  if (typeof type !== 'function') return false;
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length > 0;
}

/** Whether the handler has a DTO that no ValidationPipe of the application checks. */
export function needsOwnValidation(handler: HandlerMethod, globalPipes: readonly unknown[]): boolean {
  const parameters = parametersOf(handler).filter(({ source }) => source !== 'caller');
  const pipes = [...globalPipes, ...declaredPipes(handler), ...parameters.flatMap((parameter) => parameter.pipes)];
  return parameters.some(({ type }) => isDto(type)) && !pipes.some(isValidationPipe);
}

/** Whether the data of the action reaches the handler without any check. */
export function isDataUnchecked(handler: HandlerMethod): boolean {
  const unchecked = parametersOf(handler).some(
    ({ source, type, pipes }) => source === 'data' && !isDto(type) && pipes.length === 0,
  );
  return unchecked && declaredPipes(handler).length === 0;
}

function declaredPipes({ instance, method }: HandlerMethod): readonly unknown[] {
  return [instance.constructor, method].flatMap(
    (target) => (Reflect.getMetadata(PIPES_METADATA, target) ?? []) as readonly unknown[],
  );
}

function isValidationPipe(pipe: unknown): boolean {
  if (pipe instanceof ValidationPipe || pipe === ValidationPipe) return true;
  return typeof pipe === 'function' && pipe.prototype instanceof ValidationPipe;
}
