import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';

/** Bytes, headers included, that one poll of `path` brings over a kept-alive connection: the mean of `count`. */
export async function bytesPerPoll(port: number, path: string, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let socket: Socket | undefined;
  for (let index = 0; index < count; index += 1) {
    await new Promise<void>((resolve, reject) => {
      get({ port, path, agent, host: '127.0.0.1' }, (response) => {
        socket = response.socket;
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
  }
  const bytes = socket?.bytesRead ?? Number.NaN;
  agent.destroy();
  return bytes / count;
}
