import type { IncomingRequest } from './incoming-request.js';

/** @returns how often a header was sent. Node joins or drops repetitions in `headers`; a proxy may read another one. */
export function countHeader({ rawHeaders }: Pick<IncomingRequest, 'rawHeaders'>, name: string): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}

/** @returns the one value of a header that is not a list. */
export function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** @returns the values of a header that proxies append to, in the order they were appended. */
export function listOf(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return [value]
    .flat()
    .join(',')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
