import { describeRollingRestart } from '@statewire/verification/brokers';

import { testedRedis } from './support/tested-redis.js';

describeRollingRestart(testedRedis);
