import { reportTotals } from './lib/test-totals.mjs';

process.exit(reportTotals() ? 0 : 1);
