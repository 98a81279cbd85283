import type { ConnectionStatus } from '@statewire/client';

/** Returns a status as text for a failure: `live`, `denied: unauthorized (The token is unknown.)`. */
export function statusText(status: ConnectionStatus): string {
  if (!('reason' in status) || status.reason === undefined) return status.state;
  const { code, message } = status.reason;
  return `${status.state}: ${code} (${message})`;
}
