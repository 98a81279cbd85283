import { applyDelta, type Json } from '@statewire/protocol';

import type { TopicHistory } from '../../core/broker.js';

/** Returns the newest value of a state topic that has one, as JSON. */
export function newestValue({ base, publications }: TopicHistory): string {
  const { offset, data } = base!;
  let value: Json | undefined;
  for (const publication of publications) {
    if (publication.offset <= offset) continue;
    value ??= JSON.parse(data) as Json;
    value =
      publication.data === undefined
        ? applyDelta(value, JSON.parse(publication.delta!) as Json)
        : (JSON.parse(publication.data) as Json);
  }
  return value === undefined ? data : JSON.stringify(value);
}
