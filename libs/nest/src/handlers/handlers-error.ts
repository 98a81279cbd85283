/** Thrown at start when handlers cannot work. Lists every problem, so that one start finds them all. */
export class RealtimeHandlersError extends Error {
  /** Identifies the class where `instanceof` cannot, for example between two copies of the package. */
  override readonly name = 'RealtimeHandlersError';

  constructor(
    /** One sentence for each problem, with the name of the class or method. */
    readonly problems: readonly string[],
  ) {
    super(`The realtime handlers cannot start:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** The messages of all problems. `handler` is a name such as `BattleRealtime.load`. */
export const PROBLEMS = {
  notDecorated: (handler: string) =>
    `${handler} has @OnTopic, @OnPresence or @OnAction, but its class lacks @RealtimeHandlers(): add it.`,
  requestScoped: (type: string) =>
    `${type} depends on something request-scoped (itself, a dependency or an enhancer). Handlers live as long as the ` +
    'application: make it a singleton, and ask for the user with @Caller().',
  callerOfTopic: (handler: string) =>
    `${handler} asks for @Caller(), but a topic has one value for all its readers. Let guards decide who may read it. For a ` +
    'value of one user use a topic of its own, such as players/:playerId/notifications.',
  duplicateAction: (action: string, first: string, second: string) =>
    `The action "${action}" has two handlers, ${first} and ${second}: remove one.`,
  duplicateTopic: (pattern: string, first: string, second: string) =>
    `The topic "${pattern}" has two handlers, ${first} and ${second}: remove one.`,
  presenceOfNothing: (handler: string, followed: string) =>
    `${handler} lists the followers of "${followed}", but no @OnTopic answers that topic: add one.`,
  pattern: (handler: string, why: string) => `${handler}: ${why}`,
  unknownParameter: (handler: string, name: string, pattern: string) =>
    `${handler}: @TopicParams('${name}') names no parameter of "${pattern}". Name one of the pattern.`,
  unknownField: (handler: string, dto: string, field: string, pattern: string) =>
    `${handler}: ${dto} requires "${field}", but "${pattern}" has no such parameter. Remove the field, or make it optional.`,
  dataOfTopic: (handler: string, pattern: string) =>
    `${handler} asks for @ActionData(), but the topic "${pattern}" has no data. Use @TopicParams().`,
  parametersOfAction: (handler: string, action: string) =>
    `${handler} asks for @TopicParams(), but the action "${action}" has no topic. Use @ActionData().`,
  missingPackage: (handler: string, name: string) =>
    `${handler} has a DTO class with rules of class-validator, but ${name} is not installed: npm install ${name}.`,
  scopedGlobal: (kind: string) =>
    `The application has request-scoped global ${kind}, which cannot apply to realtime handlers. Make them singletons, ` +
    `or leave '${kind}' out of the option globalEnhancers.`,
} as const;
