import type { Provider } from '@nestjs/common';

import { HttpBinding } from './http-binding.js';

/**
 * Registers itself with the application's HTTP adapter. Needs `REALTIME_OPTIONS`, `ADMISSION`, `DISPATCHER`, `TOPICS`,
 * `BROKER`, `REALTIME_SWITCH`, `DRAIN_STATE` and `ENVIRONMENT`.
 */
export const httpProviders: Provider[] = [HttpBinding];
