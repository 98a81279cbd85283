/** A dual-stack socket shows IPv4 peers as `::ffff:192.0.2.1`; a link-local one has a zone. */
export function normalizeAddress(address: string): string {
  return address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
}
