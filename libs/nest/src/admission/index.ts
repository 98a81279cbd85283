import type { Provider } from '@nestjs/common';

import type { ResolvedRealtimeOptions } from '../module/resolved-options.js';
import { ADMISSION, REALTIME_OPTIONS } from '../module/tokens.js';
import { FrameRates } from './frame-rates.js';
import { RequestAdmission } from './request-admission.js';

export type { Admission, IncomingRequest, ReceivedRequest } from './admission.js';
export { FrameRates } from './frame-rates.js';
export { withToken } from './with-token.js';

/** Needs `REALTIME_OPTIONS`. */
export const admissionProviders: Provider[] = [
  { provide: ADMISSION, useClass: RequestAdmission },
  {
    provide: FrameRates,
    inject: [REALTIME_OPTIONS],
    useFactory: ({ limits, environment }: ResolvedRealtimeOptions) => new FrameRates(limits, environment),
  },
];
