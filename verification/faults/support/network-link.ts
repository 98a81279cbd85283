import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The ends of a link, with addresses of a network reserved for documentation. */
const ADDRESSES = { server: '192.0.2.1', client: '192.0.2.2' };

export type End = keyof typeof ADDRESSES;

const DEVICE = 'link0';

/**
 * Two network namespaces with a virtual cable between them. A namespace exists as long as a process runs in it:
 * when this process ends, the processes that read its pipes end, and the kernel removes namespaces and cable.
 */
export class NetworkLink {
  readonly addresses = ADDRESSES;

  private constructor(private readonly holders: Readonly<Record<End, ChildProcess>>) {}

  /** The reason why this machine cannot create a link; undefined if it can. */
  static whyNot(): string | undefined {
    const probe = spawnSync('unshare', ['--net', 'ip', 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', 'link1']);
    const enter = spawnSync('nsenter', ['--version']);
    if (probe.error ?? enter.error) return 'unshare and nsenter of util-linux are not here';
    return probe.status === 0 ? undefined : probe.stderr.toString().trim().split('\n')[0];
  }

  static async connect(): Promise<NetworkLink> {
    const link = new NetworkLink({ server: await hold(), client: await hold() });
    try {
      const [server, client] = [link.holders.server.pid, link.holders.client.pid].map(String);
      run('ip', ['link', 'add', DEVICE, 'netns', server!, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', client!]);
      for (const end of ['server', 'client'] as const) {
        link.#ip(end, 'address', 'add', `${ADDRESSES[end]}/24`, 'dev', DEVICE);
        link.up(end);
      }
    } catch (error) {
      link.destroy();
      throw error;
    }
    return link;
  }

  /** Command prefix that runs a command at this end. */
  at(end: End): readonly string[] {
    return ['nsenter', `--net=/proc/${this.holders[end].pid}/ns/net`, '--'];
  }

  down(end: End): void {
    this.#ip(end, 'link', 'set', 'dev', DEVICE, 'down');
  }

  up(end: End): void {
    this.#ip(end, 'link', 'set', 'dev', DEVICE, 'up');
  }

  destroy(): void {
    for (const holder of Object.values(this.holders)) holder.stdin?.end();
  }

  #ip(end: End, ...args: readonly string[]): void {
    const [command = '', ...before] = this.at(end);
    run(command, [...before, 'ip', ...args]);
  }
}

/** Starts an idle process in its own network namespace. It runs until its input ends. */
async function hold(): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo in; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return holder;
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args);
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${error?.message ?? stderr.toString()}`);
}
