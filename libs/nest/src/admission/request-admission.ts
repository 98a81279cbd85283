import { Injectable } from '@nestjs/common';

import type { Identity } from '../dispatcher/realtime-request.js';
import type { Admission, IncomingRequest, ReceivedRequest } from './admission.js';

@Injectable()
export class RequestAdmission implements Admission {
  receive(request: IncomingRequest): ReceivedRequest {
    return {
      headers: request.headers,
      cookies: {},
      ip: request.remoteAddress ?? '',
      addressIsMeaningful: true,
      origin: undefined,
      bearer: undefined,
      cookieToken: undefined,
    };
  }

  async identify(): Promise<Identity | undefined> {
    return undefined;
  }
}
