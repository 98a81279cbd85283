import type { TopicKind } from '@statewire/protocol';

import type { LivePublication, NewPublication, StoredPublication } from '../../src/core/broker.js';

/** Returns the id of the publication at an offset of an epoch. Empty at offset 0. */
export function idAt(epoch: string, offset: number): string {
  return offset === 0 ? '' : `${epoch}-${offset}`;
}

/** Returns a publication as a broker keeps it. */
export function storedAt(
  epoch: string,
  offset: number,
  content: Partial<StoredPublication> = { data: `"${offset}"` },
): StoredPublication {
  return { offset, id: idAt(epoch, offset), time: offset, ...content };
}

/** Returns a publication as listeners get it. It follows the publication at the offset before it. */
export function liveAt(epoch: string, offset: number, content?: Partial<LivePublication>): LivePublication {
  return { epoch, previous: idAt(epoch, offset - 1), ...storedAt(epoch, offset, content) };
}

let drafts = 0;

/** Returns a publication for a broker, with an id of its own. */
export function draft(kind: TopicKind, value: unknown): NewPublication {
  drafts += 1;
  return { kind, id: `draft-${drafts}`, data: JSON.stringify(value) };
}
