import { spawnSync } from 'node:child_process';

/** A network namespace of a test: an own machine, as far as its processes can tell. */
export interface Machine {
  readonly name: string;
}

/** An end of a link: its device and address. */
interface End {
  readonly machine: Machine | undefined;
  readonly device: string;
  readonly address: string;
}

/** A link of two machines. Packets vanish while it is cut. */
export interface Link {
  /** Address of the first machine. */
  readonly near: string;
  /** Address of the second machine. */
  readonly far: string;
  cut(): void;
  mend(): void;
}

function run(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function missing(): string | undefined {
  const name = `sw${process.pid}x`;
  try {
    run('netns', 'add', name);
    run('netns', 'delete', name);
    return undefined;
  } catch (error) {
    return `no network namespaces can be created (${(error as Error).message.trim()})`;
  }
}

/** Why no machines can be created here; undefined if they can. With `CI=true` the superuser gets an error instead. */
export function networkSkipReason(): string | undefined {
  const reason = process.platform === 'linux' ? missing() : 'network namespaces need Linux';
  if (reason === undefined || process.env.CI !== 'true' || process.getuid?.() !== 0) return reason;
  throw new Error(`The tests need machines of their own: ${reason}.`);
}

/** Machines on this host, and links between them. */
export class Network {
  /** Of all networks of this process: the system removes the devices of a deleted machine some time later. */
  private static links = 0;
  private readonly machines: Machine[] = [];
  /** Addresses that another run on this host does not use at the same time. */
  private readonly prefix = `10.${200 + (process.pid % 50)}`;

  machine(): Machine {
    const name = `sw${process.pid}n${this.machines.length}`;
    run('netns', 'add', name);
    const machine = { name };
    this.machines.push(machine);
    run('-n', name, 'link', 'set', 'lo', 'up');
    return machine;
  }

  /** Links a machine with another one, or with this host. */
  link(machine: Machine, other?: Machine): Link {
    const n = Network.links++;
    const ends: readonly [End, End] = [
      { machine, device: `sw${process.pid}a${n}`, address: `${this.prefix}.${n}.2` },
      { machine: other, device: `sw${process.pid}b${n}`, address: `${this.prefix}.${n}.1` },
    ];
    run('link', 'add', ends[0].device, 'type', 'veth', 'peer', 'name', ends[1].device);
    for (const { machine: of, device, address } of ends) {
      const inside = of === undefined ? [] : ['-n', of.name];
      if (of !== undefined) run('link', 'set', device, 'netns', of.name);
      run(...inside, 'address', 'add', `${address}/24`, 'dev', device);
      run(...inside, 'link', 'set', device, 'up');
    }
    const set = (state: string): void => run('-n', machine.name, 'link', 'set', ends[0].device, state);
    return { near: ends[0].address, far: ends[1].address, cut: () => set('down'), mend: () => set('up') };
  }

  /** Ends the machines and their links. */
  dispose(): void {
    for (const { name } of this.machines.splice(0)) run('netns', 'delete', name);
  }
}
