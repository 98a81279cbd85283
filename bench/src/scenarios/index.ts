import type { Scenario } from '../scenario.js';
import { actions } from './actions.js';
import { blackHole } from './black-hole.js';
import { broker, brokers, rolling } from './brokers.js';
import { bundle } from './bundle.js';
import { fanOut } from './fan-out.js';
import { flood } from './flood.js';
import { growth } from './growth.js';
import { jitter } from './jitter.js';
import { latency } from './latency.js';
import { memory } from './memory.js';
import { polling } from './polling.js';
import { publish } from './publish.js';
import { reconnectStorm } from './reconnect-storm.js';
import { saturation } from './saturation.js';
import { slowReaders } from './slow-readers.js';
import { valueCost } from './value-cost.js';

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  fanOut,
  latency,
  polling,
  saturation,
  actions,
  memory,
  growth,
  slowReaders,
  flood,
  reconnectStorm,
  jitter,
  blackHole,
  publish,
  valueCost,
  bundle,
  broker,
  brokers,
  rolling,
];
