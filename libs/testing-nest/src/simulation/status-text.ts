import type { ConnectionStatus } from '@statewire/client';

/** A status as a failure tells it: `live`, `denied: unauthorized (The token is not known.)`. */
export function statusText(status: ConnectionStatus): string {
  if (!('reason' in status) || status.reason === undefined) return status.state;
  const { code, message } = status.reason;
  return `${status.state}: ${code} (${message})`;
}
