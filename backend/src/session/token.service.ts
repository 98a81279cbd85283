import { Inject, Injectable } from '@nestjs/common';
import type { Session } from '@statewire/arena';
import { jwtVerify, SignJWT } from 'jose';

import { ARENA_CONFIG, type ArenaConfig } from '../config/arena-config.js';
import { ENVIRONMENT, type Environment } from '../environment.js';
import type { Player } from './player.js';

const ALGORITHM = 'HS256';
const ISSUER = 'statewire-arena';
const AUDIENCE = 'statewire-arena-players';

/** Seconds for which an expired token can be exchanged for a new one. A laptop may sleep for a night. */
const REFRESH_GRACE = 24 * 60 * 60;

export interface VerifiedPlayer extends Player {
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Signs and verifies session tokens: JWTs with one algorithm, one issuer and one audience. */
@Injectable()
export class TokenService {
  constructor(
    @Inject(ARENA_CONFIG) private readonly config: Pick<ArenaConfig, 'secret' | 'sessionLifetime'>,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  /** @param lifetime milliseconds; default: the configured one. Rounded up to a second, as JWTs count in seconds. */
  async issue({ playerId, name }: Player, lifetime = this.config.sessionLifetime): Promise<Session> {
    const now = Math.floor(this.environment.now() / 1_000);
    const end = now + Math.ceil(lifetime / 1_000);
    const token = await new SignJWT({ name })
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(playerId)
      // Every token is unique, even within one second, so that a revocation of an old token spares the new one.
      .setJti(this.environment.id())
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(end)
      .sign(this.config.secret);
    return { playerId, name, token, expiresAt: end * 1_000 };
  }

  /**
   * Returns the player of the token. `expiresAt` may be in the past; the caller checks it.
   *
   * @returns undefined if the signature is invalid, or if the token expired too long ago for a refresh.
   */
  async read(token: string): Promise<VerifiedPlayer | undefined> {
    const verified = await jwtVerify(token, this.config.secret, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(this.environment.now()),
      clockTolerance: REFRESH_GRACE,
    }).catch(() => undefined);
    const { sub, exp, name } = verified?.payload ?? {};
    if (sub === undefined || exp === undefined || typeof name !== 'string') return undefined;
    return { playerId: sub, name, expiresAt: exp * 1_000 };
  }

  /** Returns the player of a token that has not expired. */
  async verify(token: string): Promise<VerifiedPlayer | undefined> {
    const player = await this.read(token);
    return player && player.expiresAt > this.environment.now() ? player : undefined;
  }
}
