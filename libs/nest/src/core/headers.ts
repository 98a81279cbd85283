import type { IncomingRequest } from './incoming-request.js';

/** Counts the occurrences of a header. Node joins or drops repetitions in `headers`, and a proxy may read another one. */
export function countHeader({ rawHeaders }: Pick<IncomingRequest, 'rawHeaders'>, name: string): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}

/** @returns the value of a header; the first one if there are several. */
export function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

/** @returns the values of a header to which proxies append, in their order. */
export function listOf(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return [value]
    .flat()
    .join(',')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
