import type { LivePublication, StoredPublication, TopicMessage } from '@statewire/nest';

/** A notification about a topic. Its publication has neither data nor a delta if it was too long for a notification. */
export interface Announcement {
  readonly topic: string;
  readonly message: TopicMessage;
}

/** The text of a publication. */
export type Text = Pick<StoredPublication, 'data' | 'delta'>;

/**
 * Reads a notification of a topic channel: a line with fields, then the text of the publication.
 *
 * - `P <topic> <epoch> <offset> <time> <id> <previous> <form>`: a publication. The form `d` is data, `p` a delta.
 * - `E <topic> <epoch> [<time> <id>]`: a new epoch, with its first publication.
 * - `C <topic>`: the topic was closed.
 *
 * A notification without a second line that needs one ends with `r`. Returns undefined for a message of a later version.
 */
export function parseAnnouncement(notification: string): Announcement | undefined {
  const end = notification.indexOf('\n');
  const head = (end < 0 ? notification : notification.slice(0, end)).split(' ');
  const text = end < 0 ? undefined : notification.slice(end + 1);
  const [type, topic = '', epoch = ''] = head;
  switch (type) {
    case 'P': {
      const [, , , offset, time, id = '', previous = '', form] = head;
      const publication = { epoch, offset: Number(offset), time: Number(time), id, previous };
      const json = text === undefined ? {} : textOf(form === 'p' ? text : null, text);
      return { topic, message: { type: 'publication', publication: { ...publication, ...json } } };
    }
    case 'E': {
      const [, , , time, id] = head;
      if (id === undefined) return { topic, message: { type: 'epoch', epoch } };
      const first = { epoch, offset: 1, time: Number(time), id, previous: '' };
      const json = text === undefined ? {} : { data: text };
      return { topic, message: { type: 'epoch', epoch, first: { ...first, ...json } } };
    }
    case 'C':
      return { topic, message: { type: 'closed' } };
    default:
      return undefined;
  }
}

/** Returns the publication of a message, if it has one. */
export function publicationOf(message: TopicMessage): LivePublication | undefined {
  if (message.type === 'publication') return message.publication;
  return message.type === 'epoch' ? message.first : undefined;
}

/** Returns a message whose publication has a text. */
export function withText(message: TopicMessage, text: Text): TopicMessage {
  if (message.type === 'publication') return { ...message, publication: { ...message.publication, ...text } };
  return message.type === 'epoch' && message.first !== undefined
    ? { ...message, first: { ...message.first, ...text } }
    : message;
}

/** The text of a result row, which has data or a delta. */
export function textOf(delta: string | null, data: string | null): Text {
  return delta === null ? { data: data ?? 'null' } : { delta };
}
