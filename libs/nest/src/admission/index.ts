import type { Provider } from '@nestjs/common';

import { ADMISSION } from '../module/tokens.js';
import { RequestAdmission } from './request-admission.js';

export type { Admission, IncomingRequest, ReceivedRequest } from './admission.js';
export { withToken } from './with-token.js';

/** Needs `REALTIME_OPTIONS`. */
export const admissionProviders: Provider[] = [{ provide: ADMISSION, useClass: RequestAdmission }];
