import { describeVersions } from '@statewire/verification/brokers';

import { testedPostgres } from './support/tested-postgres.js';

describeVersions(testedPostgres);
