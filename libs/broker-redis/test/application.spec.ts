import 'reflect-metadata';

import { describeApplication } from '@statewire/verification/brokers';

import { testedRedis } from './support/tested-redis.js';

describeApplication(testedRedis);
