import { Logger } from '@nestjs/common';

const FIRST_COPY = Symbol.for('statewire:nest');

/**
 * Warns if another copy of this package is loaded already. Nest then knows two classes of each name and injects neither
 * for the other.
 *
 * @param url where this copy is.
 * @param shared an object that all copies share.
 */
export function warnOfCopies(
  url: string,
  shared: { [FIRST_COPY]?: string } = globalThis as { [FIRST_COPY]?: string },
  warn: (text: string) => void = (text) => new Logger('Realtime').warn(text),
): void {
  const first = (shared[FIRST_COPY] ??= url);
  if (first === url) return;
  warn(
    `two-copies first=${first} second=${url} advice="Two copies of @statewire/nest are loaded, so Nest cannot inject ` +
      'RealtimeBus into classes of the other copy. Let npm ls @statewire/nest show one version."',
  );
}
