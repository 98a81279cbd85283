import { PROTOCOL_VERSION, VERSION_HEADER } from '@statewire/protocol';

import { withBearerToken } from '../admission/token-verifier.js';
import type { Admission } from '../admission/request-admission.js';
import { toIncomingRequest, type ReceivedRequest } from '../core/incoming-request.js';
import { withDeadline } from '../core/deadline.js';
import type { CallerContext } from '../core/realtime-request.js';
import type { RequestDispatcher } from '../handlers/dispatcher.js';
import type { Revocations } from '../admission/revocations.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import type { Exchange } from './exchange.js';
import { HttpErrorResponse } from './http-error-response.js';
import { readBody } from './read-body.js';
import type { RequestLimits } from '../rate-limiting/request-limits.js';
import { AuthenticatedRequest } from './authenticated-request.js';

/** Time for a body to arrive, in ms. */
const BODY_TIMEOUT = 10_000;

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': `Authorization, Content-Type, If-None-Match, ${VERSION_HEADER}`,
  'Access-Control-Max-Age': '600',
};

/** Runs the guards of a topic, within a deadline. @throws RealtimeError */
export type Authorize = (topic: string, caller: CallerContext) => Promise<ResolvedTopic>;

/** Lets requests in: the same admission as for WebSockets, and what HTTP needs besides. */
export class RequestAuthenticator {
  constructor(
    private readonly admission: Admission,
    private readonly dispatcher: RequestDispatcher,
    private readonly requests: RequestLimits,
    private readonly revocations: Pick<Revocations, 'check' | 'mark' | 'whilePermitted'>,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /**
   * Refuses what no caller may send.
   *
   * @returns undefined where the exchange was answered: it asked only what it may ask.
   */
  enter(exchange: Exchange, method: 'GET' | 'POST'): ReceivedRequest | undefined {
    const received = this.admission.receive(toIncomingRequest(exchange.request));
    if (received.origin !== undefined) exchange.allowOrigin(received.origin);
    if (exchange.method === 'OPTIONS') {
      exchange.answer({ status: 204, headers: { Allow: `${method}, OPTIONS`, ...PREFLIGHT } });
      return undefined;
    }
    if (exchange.method !== method) throw refusal(405, `Use ${method}.`, { Allow: `${method}, OPTIONS` });
    const version = exchange.header(VERSION_HEADER);
    if (version !== undefined && version !== String(PROTOCOL_VERSION)) {
      const message = `This server speaks version ${PROTOCOL_VERSION} of the protocol, not ${JSON.stringify(version)}.`;
      throw refusal(400, message);
    }
    this.requests.countAddress(received);
    return received;
  }

  /** Reads a body that only scripts of allowed origins can send: a form cannot set this content type. */
  async body(exchange: Exchange): Promise<unknown> {
    if (!/^application\/json\s*(;|$)/i.test(exchange.header('content-type') ?? '')) {
      throw refusal(415, 'The content type must be application/json.');
    }
    if (exchange.header('content-encoding') !== undefined) throw refusal(415, 'The body must not be compressed.');
    return readBody(exchange.request, exchange.parsed, {
      frameBytes: this.options.limits.frames.bytes,
      timeout: BODY_TIMEOUT,
      environment: this.options.environment,
    });
  }

  /** @throws RealtimeError where the credentials, the rate or the connection guards refuse. */
  admit(received: ReceivedRequest, clientId: string): Promise<AuthenticatedRequest> {
    return this.verify(received, clientId, (caller) => this.requests.countCaller(caller));
  }

  /** Verifies once more who was let in before. */
  readmit(received: ReceivedRequest, clientId: string): Promise<AuthenticatedRequest> {
    return this.verify(received, clientId, () => undefined);
  }

  private async verify(
    received: ReceivedRequest,
    clientId: string,
    count: (caller: CallerContext) => void,
  ): Promise<AuthenticatedRequest> {
    const { mark } = this.revocations;
    const caller = await this.identify(received, clientId);
    count(caller);
    await this.inTime(this.dispatcher.admit(caller));
    const visitor = new AuthenticatedRequest(caller, mark, this.revocations);
    visitor.check();
    return visitor;
  }

  private async identify(received: ReceivedRequest, clientId: string): Promise<CallerContext> {
    const { headers, cookies, ip, bearer, cookieToken } = received;
    const identity = await this.admission.identify(received, undefined, 'http');
    const token = bearer ?? cookieToken;
    return { headers: withBearerToken(headers, token), cookies, ip, admission: 'http', clientId, identity };
  }

  /** Asks the guards of a topic. */
  authorize(topic: string, caller: CallerContext): Promise<ResolvedTopic> {
    return this.inTime(this.dispatcher.authorize(topic, caller));
  }

  private inTime<T>(guards: Promise<T>): Promise<T> {
    const { environment, limits } = this.options;
    return withDeadline(environment, limits.timeouts.authenticationMs, guards);
  }
}

function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpErrorResponse {
  return new HttpErrorResponse(status, new RealtimeError('bad_request', message), headers);
}
