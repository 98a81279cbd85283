/** A server of which a test decides each answer. */
export class FakeServerBase<Wire> {
  readonly wires: Wire[] = [];
  /** While set, connections are refused with it. */
  refusal: Error | undefined;
  /** While set, the server answers nothing, and no connection opens. */
  isFrozen = false;

  /** Opens a connection, unless the server refuses it or is frozen. */
  protected async accept(create: () => Wire, signal: AbortSignal): Promise<Wire> {
    if (this.refusal !== undefined) throw this.refusal;
    if (this.isFrozen) {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }
    const wire = create();
    this.wires.push(wire);
    return wire;
  }
}

/** A connection to a server of which a test decides each answer. */
export class FakeWireBase {
  isDestroyed = false;
  private readonly pending = new Set<(error: Error) => void>();

  constructor(private readonly peer: { readonly isFrozen: boolean }) {}

  destroy(): void {
    this.isDestroyed = true;
    for (const reject of this.pending) reject(new Error('The connection has ended'));
  }

  /** Resolves with the answer, or rejects with it if it is an error. The end of the connection rejects too. */
  protected reply<T>(answer: () => T | Error): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDestroyed) return reject(new Error('The connection has ended'));
      this.pending.add(reject);
      if (this.peer.isFrozen) return;
      const value = answer();
      if (value instanceof Error) reject(value);
      else resolve(value);
      this.pending.delete(reject);
    });
  }
}
