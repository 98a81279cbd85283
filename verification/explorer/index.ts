export {
  begin,
  explore,
  replay,
  stateOf,
  toTest,
  type Counterexample,
  type Exploration,
  type OnEqual,
  type Scenario,
} from './explore.js';
export * from './scenarios.js';
export { isEnabled, perform, type StepName } from './steps.js';
export type { World } from './world.js';
