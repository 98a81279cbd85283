import type { ChaosSwitches } from './chaos-switches';
import { ChaosWebSocket } from './chaos-web-socket';
import type { Network } from './network';
import { SeveredWebSocket } from './severed-web-socket';

/** The browser's own network, with the switches of the connection panel in between. Off, they change nothing. */
export function chaosEnvironment(switches: ChaosSwitches): Network {
  return {
    openWebSocket(url, protocol) {
      if (switches.refuse) throw new DOMException('WebSockets are refused in this browser.', 'SecurityError');
      if (switches.severed) return new SeveredWebSocket();
      return new ChaosWebSocket(new WebSocket(url, protocol), switches);
    },
    async fetch(input, init) {
      if (switches.delay > 0) await new Promise((resolve) => setTimeout(resolve, switches.delay));
      return globalThis.fetch(input, init);
    },
  };
}
