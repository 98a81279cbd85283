export {
  FakeActionError,
  type FakeActions,
  type FakeHandler,
  type FakeInvocation,
} from './fake-server/fake-actions.js';
export type { FakeConnection } from './fake-server/fake-connection.js';
export { FakeServer } from './fake-server/fake-server.js';
export type { FakeServerOptions, FakeUpgradeMode } from './fake-server/fake-server-options.js';
export { FakeTopic } from './fake-server/fake-topic.js';
export { corrupt } from './corrupt.js';
export type { LinkConditions } from './network/link-conditions.js';
export type { Link, LinkEnvironment, Transmission } from './network/link.js';
export type {
  ForeignAnswer,
  HttpMode,
  MessageFaults,
  NetworkFaults,
  FaultScope,
  Side,
  UpgradeMode,
} from './network/network-faults.js';
export type { HoldReason, NetworkPath } from './network/network-path.js';
export type { ConnectionEnd, SimulatedConnection } from './network/simulated-connection.js';
export { SimulatedNetwork } from './network/simulated-network.js';
export type { TestEnvironment, Timer, WebSocketLike } from './time/environment.js';
export { VirtualEnvironment, VirtualTimeoutError, type VirtualEnvironmentOptions } from './time/virtual-environment.js';
export type { VirtualProcess } from './time/virtual-process.js';
