import type { Provider } from '@nestjs/common';

import type { ResolvedRealtimeOptions } from '../core/options.js';
import { ADMISSION, REALTIME_OPTIONS } from '../core/tokens.js';
import { FrameRates } from '../rate-limiting/frame-rates.js';
import { RequestAdmission } from './request-admission.js';

/** Needs `REALTIME_OPTIONS`. */
export const admissionProviders: Provider[] = [
  { provide: ADMISSION, useClass: RequestAdmission },
  {
    provide: FrameRates,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ limits, environment }: ResolvedRealtimeOptions) => new FrameRates(limits, environment),
  },
];
