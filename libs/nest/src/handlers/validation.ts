import { createRequire } from 'node:module';

import { ValidationPipe } from '@nestjs/common';
import { PIPES_METADATA } from '@nestjs/common/constants.js';

import { parametersOf, type HandlerMethod } from './handler-method.js';

const require = createRequire(import.meta.url);
/** The types that the compiler emits for primitives, interfaces and unions. None of them is a DTO. */
const BUILT_IN_TYPES: ReadonlySet<unknown> = new Set([Object, String, Number, Boolean, Array]);
let classValidator: Pick<typeof import('class-validator'), 'getMetadataStorage'> | undefined;

/** The kinds of rules that reject a missing field. The others make it optional or only let it pass. */
const REQUIRING_RULES: ReadonlySet<unknown> = new Set(['customValidation', 'nestedValidation']);
/** The rule of `@IsOptional()` and `@ValidateIf()`. */
const OPTIONAL_RULE = 'conditionalValidation';

/**
 * Whether the type of a parameter is a DTO: a class with rules of class-validator. An application without
 * class-validator has no DTO.
 */
function isDto(type: unknown): boolean {
  return rulesOf(type).length > 0;
}

/** @returns the fields that a DTO requires. None for every other type. */
export function requiredFields(type: unknown): readonly string[] {
  const rules = rulesOf(type);
  const optional = rules.filter((rule) => rule.type === OPTIONAL_RULE).map(({ propertyName }) => propertyName);
  const required = rules.filter((rule) => REQUIRING_RULES.has(rule.type)).map(({ propertyName }) => propertyName);
  return [...new Set(required)].filter((field) => !optional.includes(field));
}

/** Loads class-validator, which has hundreds of modules, for a class of the application only. */
function rulesOf(type: unknown): readonly { readonly type: string; readonly propertyName: string }[] {
  if (typeof type !== 'function' || BUILT_IN_TYPES.has(type) || !isInstalled('class-validator')) return [];
  classValidator ??= require('class-validator') as typeof import('class-validator');
  return classValidator.getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
}

/** The packages that the `ValidationPipe` of the handler needs and the application lacks. */
export function missingPackages(handler: HandlerMethod): readonly string[] {
  if (!parametersOf(handler).some(({ type }) => isDto(type))) return [];
  return isInstalled('class-transformer') ? [] : ['class-transformer'];
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
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
