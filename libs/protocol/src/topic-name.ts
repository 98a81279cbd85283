/** Maximum number of segments of a topic name. */
export const MAX_TOPIC_SEGMENTS = 16;
/** Maximum length of a topic name. Its characters are ASCII, so bytes and characters are the same. */
export const MAX_TOPIC_LENGTH = 256;
/** The first segment of presence topics. Other topics may not begin with it. */
export const RESERVED_SEGMENT = 'presence';

const SEGMENT = /^[A-Za-z0-9._~-]{1,64}$/;

/**
 * @returns whether the text is one segment of a topic name. `.` and `..` are not, because paths give them a meaning.
 */
export function isTopicSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..';
}

/** Returns whether the value is a topic name: 1–16 segments joined by `/`, at most 256 characters. */
export function isTopicName(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_TOPIC_LENGTH) return false;
  const segments = value.split('/');
  return segments.length <= MAX_TOPIC_SEGMENTS && segments.every(isTopicSegment);
}
