import { startRollingNode } from '@statewire/verification/rolling-node';

import { postgresBroker } from '../../src/index.js';

await startRollingNode(postgresBroker({ connectionString: process.env.BROKER_URL! }));
