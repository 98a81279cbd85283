export { createRealtimeClient } from './create-browser-client.js';
export * from './exports.js';
