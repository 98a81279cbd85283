import 'reflect-metadata';

import { describeLinkFaults } from '@statewire/verification/brokers';

import { testedRedis } from './support/tested-redis.js';

describeLinkFaults(testedRedis);
