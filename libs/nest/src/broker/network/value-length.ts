import { approximateLength } from '@statewire/protocol';

import type { NewPublication } from '../../core/broker.js';

/** Approximate characters of the whole value of a publication. Does not make its text. */
export function valueLength(publication: NewPublication): number {
  return publication.value === undefined ? publication.data.length : approximateLength(publication.value);
}
