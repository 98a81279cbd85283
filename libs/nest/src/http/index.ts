import type { Provider } from '@nestjs/common';

import { HttpBinding } from './http-binding.js';

/**
 * Registers itself with the application's HTTP adapter. Needs `REALTIME_OPTIONS`, `REALTIME_LOG`,
 * `ADMISSION`, `DISPATCHER`, `TOPICS`, `REALTIME_SWITCH`, `DRAIN_STATE`, `InFlight` and `REVOCATIONS`.
 */
export const httpProviders: Provider[] = [HttpBinding];
