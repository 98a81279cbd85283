export { FakeRefusal, type FakeHandler, type FakeInvocation } from './fake-actions.js';
export type { FakeConnection } from './fake-connection.js';
export { FakeServer, type FakeServerOptions, type HttpMode, type UpgradeMode } from './fake-server.js';
export { VirtualEnvironment, type VirtualEnvironmentOptions } from './virtual-environment.js';
