import 'reflect-metadata';

import { describeLinkFaults } from '@statewire/verification/brokers';

import { testedPostgres } from './support/tested-postgres.js';

describeLinkFaults(testedPostgres);
