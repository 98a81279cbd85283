import { type Arm, ARMS, type ServerProcess } from '../arms.js';
import type { ClientsRole, Library } from '../load/clients-role.js';
import { RemoteProcess } from '../remote-process.js';

/** A server and a process of clients with the library of its arm. */
export interface Pair {
  readonly arm: Arm;
  readonly library: Library;
  readonly server: ServerProcess;
  readonly port: number;
  readonly clients: RemoteProcess<ClientsRole>;
}

const LIBRARIES: Readonly<Record<Library, Arm>> = { statewire: ARMS.statewire, socketIo: ARMS.socketIoRecovery };

export async function startPairs(libraries: readonly Library[]): Promise<readonly Pair[]> {
  return Promise.all(
    libraries.map(async (library) => {
      const arm = LIBRARIES[library];
      const server = await arm.start();
      const clients = await RemoteProcess.start<ClientsRole>('./load/clients-role.js', {});
      return { arm, library, server, clients, port: await server.call('port') };
    }),
  );
}

export async function stopPairs(pairs: readonly Pair[]): Promise<void> {
  await Promise.all(pairs.flatMap(({ server, clients }) => [server.stop(), clients.stop()]));
}
