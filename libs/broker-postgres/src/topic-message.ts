import type { LivePublication, StoredPublication } from '@statewire/nest';
import type { Position } from '@statewire/protocol';

/** A publication in a notification. Without a text it was too long, and is read. */
export interface AnnouncedPublication extends Omit<LivePublication, 'data' | 'delta' | 'value'> {
  readonly text: { readonly isDelta: boolean; readonly json: string } | undefined;
}

/** A notification about a topic. */
export type Announcement =
  | { readonly type: 'publication'; readonly topic: string; readonly publication: AnnouncedPublication }
  | {
      readonly type: 'epoch';
      readonly topic: string;
      readonly epoch: string;
      readonly first?: AnnouncedPublication;
    }
  | { readonly type: 'closed'; readonly topic: string };

/** Where a topic stands on the server. */
export interface Standing {
  readonly topic: string;
  readonly position: Position;
  readonly id: string;
}

/**
 * Reads a notification of a topic channel: a line with fields, then the text of the publication.
 *
 * - `P <topic> <epoch> <offset> <time> <id> <previous> <form>`: a publication. The form `d` is data, `p` a delta.
 * - `E <topic> <epoch> [<time> <id>]`: a new epoch, with its first publication.
 * - `C <topic>`: the topic was closed.
 *
 * A notification without a second line that needs one ends with `r`. Returns undefined for a message of a later version.
 */
export function parseAnnouncement(message: string): Announcement | undefined {
  const end = message.indexOf('\n');
  const head = (end < 0 ? message : message.slice(0, end)).split(' ');
  const text = end < 0 ? undefined : message.slice(end + 1);
  const [type, topic = '', epoch = ''] = head;
  switch (type) {
    case 'P': {
      const [, , , offset, time, id = '', previous = '', form] = head;
      const json = text === undefined ? undefined : { isDelta: form === 'p', json: text };
      const publication = { epoch, offset: Number(offset), time: Number(time), id, previous, text: json };
      return { type: 'publication', topic, publication };
    }
    case 'E': {
      const [, , , time, id] = head;
      if (id === undefined) return { type: 'epoch', topic, epoch };
      const json = text === undefined ? undefined : { isDelta: false, json: text };
      const first = { epoch, offset: 1, time: Number(time), id, previous: '', text: json };
      return { type: 'epoch', topic, epoch, first };
    }
    case 'C':
      return { type: 'closed', topic };
    default:
      return undefined;
  }
}

/** Where a topic stands after a notification. Undefined: it is closed. */
export function standingAfter(message: Announcement): Standing | undefined {
  const { topic } = message;
  if (message.type === 'publication') {
    const { epoch, id, offset } = message.publication;
    return { topic, position: { epoch, offset }, id };
  }
  if (message.type === 'closed') return undefined;
  const { epoch, first } = message;
  return { topic, position: { epoch, offset: first?.offset ?? 0 }, id: first?.id ?? '' };
}

/** A publication of a result row, which has data or a delta. */
export function withText(
  publication: Omit<StoredPublication, 'data' | 'delta'>,
  delta: string | null,
  data: string | null,
): StoredPublication {
  return delta === null ? { ...publication, data: data ?? 'null' } : { ...publication, delta };
}
