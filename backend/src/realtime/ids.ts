/** The maximum length of a topic segment, and so of an id. */
export const MAX_ID_LENGTH = 64;
