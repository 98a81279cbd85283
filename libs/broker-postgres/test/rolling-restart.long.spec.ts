import { describeRollingRestart } from '@statewire/verification/brokers';

import { testedPostgres } from './support/tested-postgres.js';

describeRollingRestart(testedPostgres);
