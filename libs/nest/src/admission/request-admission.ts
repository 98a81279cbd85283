import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { parseCookie } from 'cookie';

import type { IncomingRequest, ReceivedRequest } from '../core/incoming-request.js';
import { RealtimeError } from '../core/errors.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Identity, RealtimeRequest } from '../core/realtime-request.js';
import { instanceOf } from '../core/instance-of.js';
import type { Authenticate, ResolvedRealtimeOptions } from '../core/options.js';
import { REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { addressOf, TrustedProxies } from './client-address.js';
import { rejectAmbiguousHeaders, textOf } from './headers.js';
import { OriginPolicy } from './origin-policy.js';
import { TokenVerifier } from './token-verifier.js';

/** The part of {@link RequestAdmission} that its users need, so that tests can replace it. */
export type Admission = Pick<RequestAdmission, 'receive' | 'identify'>;

const BEARER = /^Bearer +([^\s]+)$/i;

/** Decides which requests the server accepts and identifies their callers, for upgrades, `hello` and HTTP alike. */
@Injectable()
export class RequestAdmission implements OnModuleInit {
  private readonly proxies: TrustedProxies;
  private readonly origins: OriginPolicy;
  private verifier: TokenVerifier;
  private hasWarnedOfProxy = false;

  constructor(
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    private readonly moduleRef: ModuleRef,
    @Inject(REALTIME_LOG) private readonly log: Pick<RealtimeLog, 'warn' | 'error'>,
  ) {
    this.proxies = new TrustedProxies(options.trustedProxies);
    this.origins = new OriginPolicy(options, this.proxies);
    this.verifier = this.verifierOf(options.authenticate);
  }

  async onModuleInit(): Promise<void> {
    const { authenticator: given } = this.options;
    if (given !== undefined) {
      const authenticator = await instanceOf(this.moduleRef, 'authenticator', given);
      this.verifier = this.verifierOf((request, token) => authenticator.authenticate(request, token));
    }
    if (!this.options.allowAnyOrigin) return;
    this.log.warn('any-origin-allowed', {
      advice: 'allowAnyOrigin lets every website act with the cookies of its visitors: use allowedOrigins instead',
    });
  }

  /**
   * Reads the origin, the client address and the credentials of a request. Verifies no credentials.
   *
   * @throws RealtimeError `forbidden` if the origin is not allowed; `bad_request` if the request has two `Host` or two
   * `Authorization` headers, or no host.
   */
  receive(request: IncomingRequest): ReceivedRequest {
    rejectAmbiguousHeaders(request);
    const { origin } = request.headers;
    if (origin !== undefined) this.origins.check(origin, request);
    const { ip, network, isForwardedByUnknownProxy } = addressOf(request, this.proxies);
    if (isForwardedByUnknownProxy) this.warnOfUnknownProxy();
    const acceptsCookies = origin !== undefined || request.headers['sec-fetch-site'] === 'same-origin';
    // Guards may read the header themselves, so it goes as well.
    const { cookie, ...others } = request.headers;
    const cookies = acceptsCookies ? parseCookies(cookie) : {};
    return {
      headers: acceptsCookies ? request.headers : others,
      cookies,
      ip,
      network,
      origin,
      bearer: BEARER.exec(textOf(request.headers.authorization) ?? '')?.[1],
      cookieToken: this.cookieToken(cookies),
    };
  }

  /**
   * Verifies the credentials of a request. A token takes precedence over a cookie: an expired cookie does not shut out
   * a client with a valid token, but a valid cookie of another user does.
   *
   * @param helloToken the token of a `hello` or `authenticate` frame. It takes precedence over the bearer token.
   * @param admission what `authenticate` sees. Default: `hello` with a `helloToken`, else `upgrade`.
   * @returns the identity; undefined for an anonymous caller.
   * @throws RealtimeError `unauthorized` if the credentials are rejected, have expired (`details: { expired: true }`)
   * or belong to different users; `unavailable` if `authenticate` fails or takes too long.
   */
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
    const other = await verify(cookieToken).catch(ignoreUnauthorized);
    if (other !== undefined && other.id !== identity.id) {
      throw new RealtimeError(
        'unauthorized',
        'The cookie and the token belong to different users. Send one of them, or sign in again.',
      );
    }
    return identity;
  }

  private verifierOf(authenticate: Authenticate | undefined): TokenVerifier {
    return new TokenVerifier({ ...this.options, authenticate }, this.log);
  }

  private cookieToken(cookies: Readonly<Record<string, string>>): string | undefined {
    const { cookie } = this.options;
    if (cookie === undefined || !Object.hasOwn(cookies, cookie)) return undefined;
    return cookies[cookie] || undefined;
  }

  private warnOfUnknownProxy(): void {
    if (this.hasWarnedOfProxy) return;
    this.hasWarnedOfProxy = true;
    this.log.warn('forwarded-header-ignored', {
      advice:
        'The option trustedProxies is empty. If the server runs behind a proxy, name the proxy there: without it, limits ' +
        'by address count all clients together.',
    });
  }
}

/**
 * Parses a `Cookie` header (RFC 6265 §5.4). The first of several cookies with one name wins: it has the longest path.
 */
export function parseCookies(header: string | undefined): Readonly<Record<string, string>> {
  return { ...parseCookie(header ?? '', { decode: decodeCookie }) } as Readonly<Record<string, string>>;
}

function decodeCookie(value: string): string {
  const text = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function ignoreUnauthorized(error: unknown): undefined {
  if (error instanceof RealtimeError && error.code === 'unauthorized') return undefined;
  throw error;
}
