export { FakeActionError } from '@statewire/testing';
export { provideRealtimeSimulation } from './provide-realtime-simulation.js';
export { provideRealtimeTesting } from './provide-realtime-testing.js';
export { RealtimeSimulation, type RealtimeSimulationOptions } from './realtime-simulation.js';
export { RealtimeTestingController } from './realtime-testing-controller.js';
export type { TestAction } from './test-action.js';
