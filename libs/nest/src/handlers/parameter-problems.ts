import type { ActionMethod, HandlerMethod, HandlerParameter, TopicMethod } from './handler-method.js';
import { labelOf, parametersOf } from './handler-method.js';
import { PROBLEMS } from './handlers-error.js';
import { missingPackages, requiredFields } from './validation.js';

/** @returns why the parameters of an `@OnTopic` or `@OnPresence` handler cannot get what they ask for. */
export function problemsOfTopicParameters(handler: TopicMethod): readonly string[] {
  const label = labelOf(handler);
  const { pattern } = handler.topic;
  const names = pattern.split('/').flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));
  const isUnknown = (name: string): boolean => !names.includes(name);
  const wrong = parametersOf(handler).flatMap((parameter) => {
    if (parameter.source === 'data') return [PROBLEMS.dataOfTopic(label, pattern)];
    if (parameter.source !== 'params') return [];
    if (parameter.field !== undefined) {
      return isUnknown(parameter.field) ? [PROBLEMS.unknownParameter(label, parameter.field, pattern)] : [];
    }
    return fieldsOfDto(parameter)
      .filter(isUnknown)
      .map((field) => PROBLEMS.unknownField(label, nameOf(parameter), field, pattern));
  });
  return [...wrong, ...problemsOfPackages(handler)];
}

/** @returns why the parameters of an `@OnAction` handler cannot get what they ask for. */
export function problemsOfActionParameters(handler: ActionMethod): readonly string[] {
  const wrong = parametersOf(handler).filter(({ source }) => source === 'params');
  return [
    ...wrong.map(() => PROBLEMS.parametersOfAction(labelOf(handler), handler.action.name)),
    ...problemsOfPackages(handler),
  ];
}

function problemsOfPackages(handler: HandlerMethod): readonly string[] {
  return missingPackages(handler).map((name) => PROBLEMS.missingPackage(labelOf(handler), name));
}

/** The fields that the DTO requires. A pipe may add fields before the validation. */
function fieldsOfDto({ type, pipes }: HandlerParameter): readonly string[] {
  return pipes.length === 0 ? requiredFields(type) : [];
}

function nameOf({ type }: HandlerParameter): string {
  return typeof type === 'function' ? type.name : '';
}
