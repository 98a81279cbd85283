import { describePartitions } from '@statewire/verification/brokers';

import { testedPostgres } from './support/tested-postgres.js';

describePartitions(testedPostgres);
