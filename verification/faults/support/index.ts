/** Tools for tests that run a server as a process of its own and speak to it frame by frame. */
export { RawSocket } from './raw-socket.js';
export { ServerProcess, type ServerProcessOptions } from './server-process.js';
export { until } from './until.js';
