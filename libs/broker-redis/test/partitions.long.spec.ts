import { describePartitions } from '@statewire/verification/brokers';

import { testedRedis } from './support/tested-redis.js';

describePartitions(testedRedis);
