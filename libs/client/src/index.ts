export { createRealtimeClient } from './create-realtime-client.js';
export * from './exports.js';
