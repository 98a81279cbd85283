/** Counts of one side of the network during a run. */
export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** Share of the time that the load process may be busy. Above it, it may be what limits a run. */
const MAX_LOAD_SHARE = 0.95;

/**
 * Why a run does not count; undefined: it counts.
 *
 * @param sent by the server to all clients together. @param received by the clients.
 */
export function problemOf(sent: Traffic, received: Traffic): string | undefined {
  if (sent.messages !== received.messages) return `${received.messages} of ${sent.messages} messages arrived`;
  if (sent.bytes !== received.bytes) return `${received.bytes} of ${sent.bytes} bytes arrived`;
  return undefined;
}

/** Why the load process may have limited a run of `wallMs` in which it used `cpuMs`; undefined: it did not. */
export function loadProblemOf(cpuMs: number, wallMs: number): string | undefined {
  const share = cpuMs / wallMs;
  if (share <= MAX_LOAD_SHARE) return undefined;
  return `the load process was busy for ${Math.round(share * 100)} % of the time`;
}
