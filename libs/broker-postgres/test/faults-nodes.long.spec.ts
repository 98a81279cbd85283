import { describeNodeFaults } from '@statewire/verification/brokers';

import { testedPostgres } from './support/tested-postgres.js';

describeNodeFaults(testedPostgres);
