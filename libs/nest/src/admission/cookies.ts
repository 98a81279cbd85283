/** Parses a `Cookie` header (RFC 6265 §5.4). The first of several with one name wins: it has the longest path. */
export function parseCookies(header: string | undefined): Readonly<Record<string, string>> {
  const cookies = new Map<string, string>();
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim();
    if (!cookies.has(name)) cookies.set(name, decode(pair.slice(equals + 1).trim()));
  }
  return Object.fromEntries(cookies);
}

function decode(value: string): string {
  const text = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
