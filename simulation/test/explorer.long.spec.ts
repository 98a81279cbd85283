import { describeExplorations } from './explorations.js';

describeExplorations(() => 8);
