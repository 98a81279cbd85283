/** The faults of this browser that are switched on. The panel sets them, and the wrapped network obeys them. */
export class ChaosSwitches {
  /** Every socket loses the messages of both directions. */
  blackHole = false;
  /** New sockets get no answer. */
  severed = false;
  /** Opening a socket throws, as under a content security policy. */
  refuse = false;
  /** Delay of each frame, each request and each response, in milliseconds. */
  delay = 0;

  private readonly cutters = new Set<() => void>();
  private readonly releases = new Set<() => void>();

  /** Adds a socket. @returns a function that removes it. */
  register(socket: { readonly cut: () => void; readonly release: () => void }): () => void {
    this.cutters.add(socket.cut);
    this.releases.add(socket.release);
    return () => {
      this.cutters.delete(socket.cut);
      this.releases.delete(socket.release);
    };
  }

  cutAll(): void {
    for (const cut of [...this.cutters]) cut();
  }

  setBlackHole(on: boolean): void {
    this.blackHole = on;
    if (!on) for (const release of [...this.releases]) release();
  }
}
