import { PROTOCOL_VERSION, VERSION_HEADER } from '@statewire/protocol';
import { NEVER, type Observable } from 'rxjs';

import { withBearerToken } from '../admission/token-verifier.js';
import type { Admission } from '../admission/request-admission.js';
import { toIncomingRequest, type ReceivedRequest } from '../core/incoming-request.js';
import { withDeadline } from '../core/environment.js';
import type { CallerContext } from '../core/realtime-request.js';
import type { RequestDispatcher } from '../handlers/dispatcher.js';
import type { Revocations } from '../admission/revocations.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import { type Exchange, HttpErrorResponse } from './exchange.js';
import { readBody } from './read-body.js';
import type { RequestLimits } from '../rate-limiting/request-limits.js';

/** Milliseconds in which a body has to arrive. */
const BODY_TIMEOUT_MS = 10_000;

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': `Authorization, Content-Type, If-None-Match, ngsw-bypass, ${VERSION_HEADER}`,
  'Access-Control-Max-Age': '600',
};

/** Runs the guards of a topic within a deadline. @throws (rejects) RealtimeError */
export type Authorize = (topic: string, caller: CallerContext) => Promise<ResolvedTopic>;

/** Admits requests: the same checks as for WebSockets, plus CORS, the content type and the limits of requests. */
export class RequestAuthenticator {
  constructor(
    private readonly admission: Admission,
    private readonly dispatcher: RequestDispatcher,
    private readonly requests: RequestLimits,
    private readonly revocations: Pick<Revocations, 'check' | 'mark' | 'whilePermitted'>,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /**
   * Checks a request before its body is read. Answers preflight requests of CORS.
   *
   * @returns undefined if the exchange was answered.
   * @throws HttpErrorResponse, or RealtimeError if the request is rejected.
   */
  receive(exchange: Exchange, method: 'GET' | 'POST'): ReceivedRequest | undefined {
    const received = this.admission.receive(toIncomingRequest(exchange.request));
    if (received.origin !== undefined) exchange.allowOrigin(received.origin);
    if (exchange.method === 'OPTIONS') {
      exchange.answer({ status: 204, headers: { Allow: `${method}, OPTIONS`, ...PREFLIGHT } });
      return undefined;
    }
    if (exchange.method !== method) throw rejection(405, `Use ${method}.`, { Allow: `${method}, OPTIONS` });
    const version = exchange.header(VERSION_HEADER);
    if (version !== undefined && version !== String(PROTOCOL_VERSION)) {
      const message = `This server speaks version ${PROTOCOL_VERSION} of the protocol, not ${JSON.stringify(version)}.`;
      throw rejection(400, message);
    }
    this.requests.countAddress(received);
    return received;
  }

  /** Reads a JSON body. Forms of other sites cannot set this content type. @throws HttpErrorResponse, RealtimeError */
  async body(exchange: Exchange, frameBytes: number): Promise<unknown> {
    if (!/^application\/json\s*(;|$)/i.test(exchange.header('content-type') ?? '')) {
      throw rejection(415, 'The content type must be application/json.');
    }
    if (exchange.header('content-encoding') !== undefined) throw rejection(415, 'The body must not be compressed.');
    return readBody(exchange.request, exchange.parsed, {
      frameBytes,
      timeout: BODY_TIMEOUT_MS,
      environment: this.options.environment,
    });
  }

  /**
   * Verifies the credentials, counts the request and runs the connection guards.
   *
   * @throws (rejects) RealtimeError if one of them rejects the request.
   */
  admit(received: ReceivedRequest, clientId: string): Promise<AuthenticatedRequest> {
    return this.verify(received, clientId, (caller) => this.requests.countCaller(caller));
  }

  /** The same without counting, for a request that was admitted before. */
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
    await this.withDeadline(this.dispatcher.admit(caller));
    const request = new AuthenticatedRequest(caller, mark, this.revocations);
    request.check();
    return request;
  }

  private async identify(received: ReceivedRequest, clientId: string): Promise<CallerContext> {
    const { headers, cookies, ip, bearer, cookieToken } = received;
    const identity = await this.admission.identify(received, undefined, 'http');
    const token = bearer ?? cookieToken;
    return { headers: withBearerToken(headers, token), cookies, ip, admission: 'http', clientId, identity };
  }

  /** Runs the guards of a topic within a deadline. @throws (rejects) RealtimeError */
  authorize(topic: string, caller: CallerContext): Promise<ResolvedTopic> {
    return this.withDeadline(this.dispatcher.authorize(topic, caller));
  }

  private withDeadline<T>(guards: Promise<T>): Promise<T> {
    const { environment, limits } = this.options;
    return withDeadline(environment, limits.timeouts.authenticationMs, guards);
  }
}

function rejection(status: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpErrorResponse {
  return new HttpErrorResponse(status, new RealtimeError('bad_request', message), headers);
}

/** An admitted request. Its credentials may be revoked before it is answered. */
export class AuthenticatedRequest {
  /** @param mark the mark of `Revocations` when the server received the credentials. */
  constructor(
    readonly caller: CallerContext,
    private readonly mark: number,
    private readonly revocations: Pick<Revocations, 'check' | 'mark' | 'whilePermitted'>,
  ) {}

  /**
   * Call it before you send values that were read since.
   *
   * @throws RealtimeError if the credentials were revoked meanwhile, or the log of revocations does not reach back so
   * far.
   */
  check(): void {
    this.revocations.check(this.caller.identity?.id, this.mark);
  }

  /** Emits the error of {@link check} as soon as `check` would throw it. */
  get permitted(): Observable<never> {
    const user = this.caller.identity?.id;
    return user === undefined ? NEVER : this.revocations.whilePermitted(user, this.mark);
  }
}
