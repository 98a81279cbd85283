type Work = (...parameters: unknown[]) => Promise<unknown>;

/** What `crypto.subtle` does on another thread. */
const METHODS = [
  ...['encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits'],
  ...['importKey', 'exportKey', 'wrapKey', 'unwrapKey'],
] as const;

/**
 * Has virtual time stand still while `crypto.subtle` works, so that verifying a token takes no time however busy the
 * machine is. Its answers come in the order in which they were asked for, so that the same seed is the same history.
 *
 * @param stir says that something moves; called with each turn of the event loop until nothing is under way.
 * @returns what takes it back.
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
