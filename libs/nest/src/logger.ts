/** Where the framework-free parts write what an operator should know. Nest's `Logger` is one. Never gets payloads. */
export interface RealtimeLogger {
  debug(message: string): void;
  warn(message: string): void;
  /** `stack` is what Nest's logger takes as its second argument. */
  error(message: string, stack?: string): void;
}

/** The text of anything that was thrown, for logs. */
export function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
