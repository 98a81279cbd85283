type Work = (...parameters: unknown[]) => Promise<unknown>;

/** Methods of `crypto.subtle` that work on another thread. */
const METHODS = [
  ...['encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits'],
  ...['importKey', 'exportKey', 'wrapKey', 'unwrapKey'],
] as const;

/**
 * Stops virtual time while `crypto.subtle` works, so that the verification of a token takes no virtual time on a busy
 * machine. Results arrive in the order of the calls, so that the same seed gives the same history.
 *
 * @param stir is called in each turn of the event loop while work is under way.
 * @returns a function that restores `crypto.subtle`.
 */
export function awaitCrypto(stir: () => void): () => void {
  const subtle = Object.getPrototypeOf(globalThis.crypto.subtle) as Record<string, Work>;
  const real = METHODS.map((name) => [name, subtle[name]!] as const);
  let pending = 0;
  let last: Promise<unknown> = Promise.resolve();
  const watch = (): void => {
    if (pending === 0) return;
    stir();
    setImmediate(watch);
  };
  const begin = (work: Promise<unknown>): Promise<unknown> => {
    const before = last;
    const settled = work.then(
      () => before,
      () => before,
    );
    last = settled;
    pending += 1;
    if (pending === 1) watch();
    return settled.then(() => work).finally(() => (pending -= 1));
  };
  for (const [name, work] of real) {
    subtle[name] = function (this: unknown, ...parameters) {
      return begin(work.apply(this, parameters));
    };
  }
  return () => {
    for (const [name, work] of real) subtle[name] = work;
  };
}
