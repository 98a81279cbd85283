import { FakeServer, type FakeConnection } from '@statewire/testing';

const OPEN = 1;

/** The server of a simulation, which knows what it ended and the client takes for open as yet. */
export class SimulatedServer extends FakeServer {
  readonly #ended = new Set<FakeConnection>();

  /** Connections whose end is on its way to the client. */
  get ending(): readonly FakeConnection[] {
    for (const connection of this.#ended) if (connection.socket.readyState !== OPEN) this.#ended.delete(connection);
    return [...this.#ended];
  }

  override forget(connection: FakeConnection, code: number): void {
    super.forget(connection, code);
    this.#ended.add(connection);
  }
}
