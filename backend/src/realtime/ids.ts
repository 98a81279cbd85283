/** The length of a segment of a topic: no id is longer. */
export const MAX_ID_LENGTH = 64;
