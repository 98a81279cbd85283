import type { PollResponse, Position } from '@statewire/protocol';

import type { ResolvedTopic } from '../topics/topic-loader.js';
import type { TopicAnswer } from './topic-answer.js';

/** Bytes of frames above which the rest is left for the next poll. */
export const MAX_ANSWER = 1024 * 1024;

/** What a poll will be answered: frames of topics, up to a bound. */
export class PollAnswer {
  private readonly texts: string[] = [];
  private readonly reached: { readonly topic: ResolvedTopic; readonly position: Position }[] = [];
  private size = 0;
  private news = false;
  private more = false;

  /** Whether there is anything the client does not know. */
  get hasNews(): boolean {
    return this.news;
  }

  get isFull(): boolean {
    return this.more || this.size >= MAX_ANSWER;
  }

  /** Where the topics stand that could be read. */
  get positions(): readonly { readonly topic: ResolvedTopic; readonly position: Position }[] {
    return this.reached;
  }

  /**
   * Adds what fits: all frames of the topic, none, or, where nothing else could be told, its first ones. Those lead to an
   * earlier position, from which the client goes on.
   */
  add(answer: TopicAnswer): void {
    if (answer.type === 'error') {
      this.news = true;
      this.push(JSON.stringify(answer.frame));
      return;
    }
    this.news ||= answer.isNews;
    this.reached.push(answer);
    const size = answer.frames.reduce((sum, frame) => sum + frame.size, 0);
    if (this.size > 0 && this.size + size > MAX_ANSWER) {
      this.more = true;
      return;
    }
    for (const [index, frame] of answer.frames.entries()) {
      // `subscribed` and one frame at least, or the client would never get on.
      if (index > 1 && this.size + frame.size > MAX_ANSWER) {
        this.more = true;
        return;
      }
      this.push(frame.text, frame.size);
    }
  }

  /** Says that topics were not even looked at. */
  leaveOut(): void {
    this.more = true;
  }

  toJson(rest: Pick<PollResponse, 'websocket' | 'serverTime'>): string {
    const after = JSON.stringify(this.more ? { ...rest, more: true } : rest);
    return `{"frames":[${this.texts.join(',')}],${after.slice(1)}`;
  }

  private push(text: string, size = Buffer.byteLength(text)): void {
    this.texts.push(text);
    this.size += size;
  }
}
