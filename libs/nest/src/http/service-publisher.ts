import { createHash, timingSafeEqual } from 'node:crypto';

import {
  MAX_VALUE_DEPTH,
  parsePublishRequest,
  type ErrorFrame,
  type Position,
  type PublishResponse,
  type ServicePublication,
} from '@statewire/protocol';

import type { BrokerState } from '../core/broker-state.js';
import { BrokerError } from '../core/broker.js';
import { withDeadline, type Environment } from '../core/environment.js';
import { RealtimeError, toClientError } from '../core/errors.js';
import type { RealtimeLimits } from '../core/options.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { Dispatcher } from '../handlers/dispatcher.js';
import { PublishError } from '../topics/json-copy.js';
import type { TopicRegistry } from '../topics/topic-registry.js';

/** Bytes of a body that holds many small values. */
const MIN_BODY_BYTES = 1024 * 1024;
/** Bytes of a body besides its value: a topic of 256 bytes, and the names of the fields. */
const ENVELOPE_BYTES = 1024;
/** Levels of a body above a value: the object, the list and the publication. */
const ENVELOPE_DEPTH = 3;

/** `retryAfter` of a request that published nothing. */
const RETRY_AFTER_MS = 1_000;

/** Stands for the id of a connection in logs. */
const TRANSPORT = 'http';

export interface ServicePublisherOptions {
  readonly tokens: readonly string[];
  readonly dispatcher: Pick<Dispatcher, 'find'>;
  readonly topics: Pick<TopicRegistry, 'publish'>;
  readonly brokerState: Pick<BrokerState, 'awaySince'>;
  readonly environment: Pick<Environment, 'setTimer'>;
  readonly limits: RealtimeLimits;
  readonly log: RealtimeLog;
}

/** Publishes for services that have a token, with the checks of `RealtimeBus.publish`. */
export class ServicePublisher {
  private readonly digests: readonly Buffer[];

  constructor(private readonly options: ServicePublisherOptions) {
    this.digests = options.tokens.map(digestOf);
  }

  /** Largest body. 0: no limit. */
  get bodyBytes(): number {
    const { publicationBytes } = this.options.limits.frames;
    return publicationBytes && Math.max(MIN_BODY_BYTES, publicationBytes + ENVELOPE_BYTES);
  }

  /**
   * Takes the same time for every token of the same length.
   *
   * @throws RealtimeError `unauthorized` unless a service has the token.
   */
  checkToken(bearer: string | undefined): void {
    const digest = digestOf(bearer ?? '');
    const matches = this.digests.filter((known) => timingSafeEqual(known, digest));
    if (bearer !== undefined && matches.length > 0) return;
    this.options.log.warn('publish-rejected', { reason: 'unauthorized' });
    throw new RealtimeError('unauthorized', 'Send the token of a service: Authorization: Bearer <token>.');
  }

  /**
   * Publishes the publications of a body in their order.
   *
   * @returns the JSON of a `PublishResponse`.
   * @throws (rejects) RealtimeError or ProtocolError. A rejected body that holds a list has published nothing.
   */
  async publish(body: unknown): Promise<string> {
    const limits = { bytes: this.bodyBytes, depth: MAX_VALUE_DEPTH + ENVELOPE_DEPTH };
    const request = parsePublishRequest(body, limits);
    // State topics wait for a broker that is away, and the service should not.
    if (this.options.brokerState.awaySince !== undefined) throw unavailable();
    const answer: PublishResponse =
      'publications' in request
        ? { results: await Promise.all(request.publications.map((publication) => this.resultOf(publication))) }
        : await this.append(request);
    return JSON.stringify(answer);
  }

  private async resultOf(publication: ServicePublication): Promise<Position | ErrorFrame> {
    try {
      return await this.append(publication);
    } catch (error) {
      return toClientError(error, this.options.log, TRANSPORT).toFrame({ topic: publication.topic });
    }
  }

  private async append({ topic, data }: ServicePublication): Promise<Position> {
    const { dispatcher, environment, limits, topics } = this.options;
    try {
      const published = topics.publish(dispatcher.find(topic), data);
      const { epoch, offset } = await withDeadline(environment, limits.timeouts.actionMs, published);
      return { epoch, offset };
    } catch (error) {
      throw toPublishError(error);
    }
  }
}

/** Digests have one length, so that a comparison does not tell the length of a token. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function toPublishError(error: unknown): unknown {
  if (error instanceof PublishError && error.code === 'has_source') {
    return new RealtimeError('conflict', error.message, { cause: error });
  }
  if (error instanceof PublishError && error.code === 'too_deep') {
    return new RealtimeError('bad_request', error.message, { cause: error });
  }
  return error instanceof BrokerError ? unavailable(error) : error;
}

function unavailable(cause?: unknown): RealtimeError {
  const message = 'The broker cannot store publications right now. Try again.';
  return new RealtimeError('unavailable', message, { retryAfter: RETRY_AFTER_MS, cause });
}
