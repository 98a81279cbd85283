export { begin, explore, replay, stateOf, toTest, type Exploration, type Scenario } from './explore.js';
export * from './scenarios.js';
export { perform, type StepName } from './steps.js';
export type { World } from './world.js';
