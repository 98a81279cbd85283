/** What a person may break in this browser, as it is now. Shared by the panel, which sets it, and the wrapped network. */
export class ChaosSwitches {
  /** Both directions of every socket are swallowed. */
  blackHole = false;
  /** New sockets find nobody at the other end. */
  severed = false;
  /** Opening a socket throws, as a content security policy makes it throw. */
  refuse = false;
  /** Milliseconds by which each frame, each request and each answer is late. */
  delay = 0;

  private readonly cutters = new Set<() => void>();
  private readonly releases = new Set<() => void>();

  /** @returns what takes the socket off the list. */
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
