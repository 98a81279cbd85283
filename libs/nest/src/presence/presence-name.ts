import { sourceLease } from '../topics/topic-source.js';

/** Name of the topic that says who follows another. */
export function presenceName(followed: string): string {
  return `presence/${followed}`;
}

/** The lease of whoever computes who follows a topic: there while somebody reads it, or did a moment ago. */
export function presenceLease(followed: string): string {
  return sourceLease(presenceName(followed));
}
