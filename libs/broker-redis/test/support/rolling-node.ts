import { startRollingNode } from '@statewire/verification/rolling-node';

import { redisBroker } from '../../src/index.js';

await startRollingNode(redisBroker({ url: process.env.BROKER_URL! }));
