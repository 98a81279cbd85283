import type { ClientFrame, ErrorFrame } from '@statewire/protocol';

import type { RealtimeError } from '../core/errors.js';

/** The frames that refuse everything a frame asked for: one for each of its topics, none for a `pong`. */
export function refusalsOf(frame: ClientFrame, error: RealtimeError): readonly ErrorFrame[] {
  switch (frame.type) {
    case 'subscribe':
      return frame.topics.map(({ topic }) => error.toFrame({ topic, ...refOf(frame) }));
    case 'unsubscribe':
      return frame.topics.map((topic) => error.toFrame({ topic, ...refOf(frame) }));
    case 'pong':
      return [];
    case 'hello':
    case 'authenticate':
    case 'action':
    case 'ping':
      return [error.toFrame(idOf(frame))];
  }
}

/** What an answer to the whole frame echoes. */
export function idOf(frame: ClientFrame): { readonly id?: string; readonly ref?: string } {
  return frame.type === 'action' ? { id: frame.id } : refOf(frame);
}

function refOf(frame: ClientFrame): { readonly ref?: string } {
  return 'ref' in frame && frame.ref !== undefined ? { ref: frame.ref } : {};
}
