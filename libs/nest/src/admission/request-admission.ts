import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import type { Identity, RealtimeRequest } from '../core/realtime-request.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { REALTIME_OPTIONS } from '../core/tokens.js';
import { RealtimeError } from '../core/errors.js';
import type { Admission } from './admission.js';
import type { IncomingRequest, ReceivedRequest } from '../core/incoming-request.js';
import { addressOf } from './client-address.js';
import { parseCookies } from './cookies.js';
import { textOf } from '../core/headers.js';
import { OriginPolicy } from './origin-policy.js';
import { TrustedProxies } from './trusted-proxies.js';
import { Verifier } from './verifier.js';

const BEARER = /^Bearer +([^\s]+)$/i;

@Injectable()
export class RequestAdmission implements Admission, OnModuleInit {
  private readonly logger = new Logger('Realtime');
  private readonly proxies: TrustedProxies;
  private readonly origins: OriginPolicy;
  private readonly verifier: Verifier;
  private warnedOfStranger = false;

  constructor(@Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions) {
    this.proxies = new TrustedProxies(options.trustedProxies);
    this.origins = new OriginPolicy(options, this.proxies);
    this.verifier = new Verifier(options, (reason) => this.logger.warn(reason));
  }

  onModuleInit(): void {
    if (!this.options.allowAnyOrigin) return;
    this.logger.warn(
      'allowAnyOrigin is on: every website may act with the cookies of its visitors. Use allowedOrigins.',
    );
  }

  receive(request: IncomingRequest): ReceivedRequest {
    const { origin } = request.headers;
    if (origin !== undefined && !this.origins.allows(origin, request)) {
      throw new RealtimeError('forbidden', 'This origin is not allowed.');
    }
    const { ip, network, isForwardedByStranger } = addressOf(request, this.proxies);
    if (isForwardedByStranger) this.warnOfStranger();
    const cookiesCount = origin !== undefined || request.headers['sec-fetch-site'] === 'same-origin';
    // Guards that read the header themselves must not be fooled either.
    const { cookie, ...others } = request.headers;
    const cookies = cookiesCount ? parseCookies(cookie) : {};
    return {
      headers: cookiesCount ? request.headers : others,
      cookies,
      ip,
      network,
      origin,
      bearer: BEARER.exec(textOf(request.headers.authorization) ?? '')?.[1],
      cookieToken: this.cookieToken(cookies),
    };
  }

  /** A token beats a cookie: a stale cookie does not keep out who has a good token, but may not contradict it. */
  async identify(
    received: ReceivedRequest,
    helloToken?: string,
    admission: RealtimeRequest['admission'] = helloToken === undefined ? 'upgrade' : 'hello',
  ): Promise<Identity | undefined> {
    const verify = (text: string): Promise<Identity | undefined> => this.verifier.verify(received, text, admission);
    const token = helloToken ?? received.bearer;
    const { cookieToken } = received;
    if (token === undefined) {
      return cookieToken === undefined ? undefined : verify(cookieToken);
    }
    const identity = await verify(token);
    if (identity === undefined || cookieToken === undefined || cookieToken === token) return identity;
    const other = await verify(cookieToken).catch(ignoreRefusal);
    if (other !== undefined && other.id !== identity.id) {
      throw new RealtimeError('unauthorized', 'The cookie and the token belong to different users.');
    }
    return identity;
  }

  private cookieToken(cookies: Readonly<Record<string, string>>): string | undefined {
    const { cookie } = this.options;
    if (cookie === undefined || !Object.hasOwn(cookies, cookie)) return undefined;
    return cookies[cookie] || undefined;
  }

  private warnOfStranger(): void {
    if (this.warnedOfStranger) return;
    this.warnedOfStranger = true;
    this.logger.warn(
      'A request carries X-Forwarded-For, but no proxy is trusted, so the header is ignored. Behind a proxy, name it in ' +
        'the option trustedProxies: limits by address do not work otherwise.',
    );
  }
}

function ignoreRefusal(error: unknown): undefined {
  if (error instanceof RealtimeError && error.code === 'unauthorized') return undefined;
  throw error;
}
