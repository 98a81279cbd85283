/** Tools for tests that run a server as a process of its own, speak to it frame by frame, and check what its clients see. */
export { Oracle } from './oracle/index.js';
export { RawSocket } from './raw-socket.js';
export { ServerProcess, type ServerProcessOptions } from './server-process.js';
export { until } from './until.js';
