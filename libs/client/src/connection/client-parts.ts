import type { ActionOutbox } from '../actions/action-outbox.js';
import type { Environment } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { ResolvedOptions } from '../core/resolved-options.js';
import type { TokenSource } from './token-source.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import type { HttpTransport } from './http-transport.js';

/** What the parts of one client share. */
export interface ClientParts {
  readonly environment: Environment;
  readonly options: ResolvedOptions;
  readonly clientId: string;
  readonly registry: TopicRegistry;
  readonly outbox: ActionOutbox;
  readonly metrics: MetricsRecorder;
  readonly tokens: TokenSource;
  readonly http: HttpTransport;
}
