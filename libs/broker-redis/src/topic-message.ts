import type { LivePublication, StoredPublication, TopicMessage } from '@statewire/nest';

/**
 * Reads a message of a topic channel: a line with fields, then the text of the publication.
 *
 * - `P <epoch> <offset>-<time> <id> <previous> <form>`: a publication. The form `d` is data, `p` a delta.
 * - `E <epoch> [<time> <id>]`: a new epoch, with its first publication.
 * - `C`: the topic was closed.
 *
 * Returns undefined for a message of a later version.
 */
export function parseTopicMessage(message: string): TopicMessage | undefined {
  const end = message.indexOf('\n');
  const head = (end < 0 ? message : message.slice(0, end)).split(' ');
  const text = end < 0 ? '' : message.slice(end + 1);
  switch (head[0]) {
    case 'P':
      return { type: 'publication', publication: publicationOf(head, text) };
    case 'E':
      return epochOf(head, text);
    case 'C':
      return { type: 'closed' };
    default:
      return undefined;
  }
}

function publicationOf(head: readonly string[], text: string): LivePublication {
  const [, epoch = '', at = '', id = '', previous = '', form] = head;
  const [offset, time] = at.split('-');
  return { epoch, previous, ...storedPublication(Number(offset), form, text, Number(time), id) };
}

function epochOf(head: readonly string[], data: string): TopicMessage {
  const [, epoch = '', time, id] = head;
  if (id === undefined) return { type: 'epoch', epoch };
  return { type: 'epoch', epoch, first: { epoch, offset: 1, id, previous: '', time: Number(time), data } };
}

export function storedPublication(
  offset: number,
  form: string | undefined,
  text: string,
  time: number,
  id: string,
): StoredPublication {
  return { offset, id, time, ...(form === 'p' ? { delta: text } : { data: text }) };
}
