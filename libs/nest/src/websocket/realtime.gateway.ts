import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { CLOSE_CODES } from '@statewire/protocol';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';

import { OWN_GATEWAY } from './own-gateway.js';
import { RealtimeWsAdapter } from './realtime-ws-adapter.js';
import type { RealtimeSocket } from './realtime-socket.js';
import { ConnectionHub } from './connection-hub.js';
import type { UpgradeContext } from './upgrade-context.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { RealtimeSwitch } from '../core/realtime-switch.js';
import { REALTIME_OPTIONS } from '../core/tokens.js';

/** Where Nest hands over the sockets. Everything else is the connection's. */
@Injectable()
export class RealtimeGateway implements OnGatewayConnection, OnModuleInit {
  constructor(
    @Inject(REALTIME_OPTIONS) options: ResolvedRealtimeOptions,
    private readonly adapter: RealtimeWsAdapter,
    private readonly hub: ConnectionHub,
    private readonly config: ApplicationConfig,
    realtimeSwitch: RealtimeSwitch,
  ) {
    // The path is known only now, and Nest looks at the class after it has made the instance.
    WebSocketGateway({ path: options.path, [OWN_GATEWAY]: true })(new.target);
    adapter.install(config);
    realtimeSwitch.changes.subscribe((enabled) => {
      if (!enabled) hub.closeAll(CLOSE_CODES.switchedOff);
    });
  }

  onModuleInit(): void {
    if (this.config.getIoAdapter() === this.adapter) return;
    throw new Error(
      'Something replaced the WebSocket adapter of RealtimeModule. Set yours with useWebSocketAdapter().',
    );
  }

  handleConnection(socket: RealtimeSocket, entrance: UpgradeContext): void {
    socket.tell(this.hub.open(socket, entrance));
  }
}

/** A class of its own for each module, because each may have another path, and Nest keeps the path on the class. */
export function realtimeGateway(): Type<RealtimeGateway> {
  return class RealtimeModuleGateway extends RealtimeGateway {};
}
