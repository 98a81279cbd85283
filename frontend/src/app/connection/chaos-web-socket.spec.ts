import { beforeEach, describe, expect, jest, test } from '@jest/globals';

import { ChaosSwitches } from './chaos-switches';
import { ChaosWebSocket } from './chaos-web-socket';
import type { WebSocketLike } from './network';

class FakeSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readyState: number = WebSocket.OPEN;
  readonly bufferedAmount = 0;
  readonly sent: string[] = [];
  close = jest.fn();

  send(data: string): void {
    this.sent.push(data);
  }
}

describe('ChaosWebSocket', () => {
  let switches: ChaosSwitches;
  let real: FakeSocket;
  let socket: ChaosWebSocket;
  let heard: string[];

  beforeEach(() => {
    switches = new ChaosSwitches();
    real = new FakeSocket();
    socket = new ChaosWebSocket(real, switches);
    heard = [];
    socket.onopen = () => heard.push('open');
    socket.onmessage = ({ data }) => heard.push(String(data));
    socket.onclose = ({ code }) => heard.push(`close ${code}`);
  });

  test('changes nothing while no switch is on', () => {
    real.onopen?.({});
    socket.send('out');
    real.onmessage?.({ data: 'in' });
    real.onclose?.({ code: 4201, reason: '' });
    expect(real.sent).toEqual(['out']);
    expect(heard).toEqual(['open', 'in', 'close 4201']);
  });

  test('drops the messages of both directions in a black hole, and does not deliver them later', () => {
    switches.setBlackHole(true);
    socket.send('lost');
    real.onmessage?.({ data: 'lost' });
    switches.setBlackHole(false);
    socket.send('out');
    real.onmessage?.({ data: 'in' });
    expect(real.sent).toEqual(['out']);
    expect(heard).toEqual(['in']);
  });

  test('reports opening and closing only when the network is back', () => {
    switches.setBlackHole(true);
    real.onopen?.({});
    real.onclose?.({ code: 4200, reason: '' });
    expect(heard).toEqual([]);
    switches.setBlackHole(false);
    expect(heard).toEqual(['open', 'close 4200']);
  });

  test('closes abnormally and once when it is cut, whatever the real socket reports later', () => {
    switches.cutAll();
    switches.cutAll();
    real.onclose?.({ code: 1005, reason: '' });
    expect(heard).toEqual(['close 1006']);
    expect(real.close).toHaveBeenCalledTimes(1);
  });

  test('drops closed sockets', () => {
    real.onclose?.({ code: 1000, reason: '' });
    switches.cutAll();
    expect(heard).toEqual(['close 1000']);
  });
});
