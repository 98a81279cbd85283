export { provideRealtimeTesting } from './provide-realtime-testing.js';
export { RealtimeTestingController } from './realtime-testing-controller.js';
export type { TestAction } from './test-action.js';
