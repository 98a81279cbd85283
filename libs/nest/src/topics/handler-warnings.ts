import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedTopic } from './topic-loader.js';

/** Advice for a publication that no client can get. */
const NO_HANDLER =
  'No client can follow this topic. Check its name, or provide a class with an @OnTopic method for it.';

/** Largest number of patterns that the log names. Guards against patterns that an application builds at run time. */
const MAX_NAMED_PATTERNS = 100;

/** Warns of publications that no client can get, once for each pattern. */
export class HandlerWarnings {
  private readonly warned = new Set<string>();

  constructor(private readonly log: Pick<RealtimeLog, 'warn'>) {}

  warn({ name, pattern = name }: ResolvedTopic): void {
    if (this.warned.has(pattern) || this.warned.size >= MAX_NAMED_PATTERNS) return;
    this.warned.add(pattern);
    this.log.warn('publication-without-handler', { reason: pattern, topic: name, advice: NO_HANDLER });
  }
}
