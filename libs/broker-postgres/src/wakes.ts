/** The calls of this node that wait for the end of a lease or a claim on the server. */
export class Wakes {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** Calls `wake` when the server tells about it: `L` and the key of a lease, or `C` and the key of a claim. */
  add(about: string, wake: () => void): void {
    const group = this.waiting.get(about) ?? new Set();
    this.waiting.set(about, group.add(wake));
  }

  remove(about: string, wake: () => void): void {
    const group = this.waiting.get(about);
    group?.delete(wake);
    if (group?.size === 0) this.waiting.delete(about);
  }

  /** Handles a message of the channel. */
  receive(about: string): void {
    for (const wake of [...(this.waiting.get(about) ?? [])]) wake();
  }
}
