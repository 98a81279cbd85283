/** What a value becomes on its way over the wire; a test must not see what a real client never would. */
export function jsonProjection<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
