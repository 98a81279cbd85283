import type { ChaosSwitches } from './chaos-switches';
import { ChaosWebSocket } from './chaos-web-socket';
import type { Network } from './network';
import { SeveredWebSocket } from './severed-web-socket';

/** Returns the network of the browser behind the switches of the connection panel. Switches that are off change nothing. */
export function chaosEnvironment(switches: ChaosSwitches): Network {
  return {
    openWebSocket(url, protocol) {
      if (switches.refuse) throw new DOMException('WebSockets are refused in this browser.', 'SecurityError');
      if (switches.severed) return new SeveredWebSocket();
      return new ChaosWebSocket(new WebSocket(url, protocol), switches);
    },
    async fetch(input, init) {
      await late(switches.delay, init?.signal);
      const response = await globalThis.fetch(input, init);
      await late(switches.delay, init?.signal);
      return response;
    },
  };
}

/** Waits for the delay of the network. Fails at once if the request is aborted, as `fetch` does. */
async function late(delay: number, signal: AbortSignal | null | undefined): Promise<void> {
  if (delay === 0) return;
  await new Promise<void>((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    }, delay);
    if (signal?.aborted) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
  });
}
