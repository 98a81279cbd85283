import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { CLOSE_CODES } from '@statewire/protocol';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';

import { OWN_GATEWAY, RealtimeWsAdapter } from './realtime-ws-adapter.js';
import type { RealtimeSocket } from './realtime-socket.js';
import { ConnectionHub } from './connection-hub.js';
import type { UpgradeContext } from './upgrade-authorizer.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import type { WebSocketSwitch } from '../core/websocket-switch.js';
import { REALTIME_OPTIONS, WEBSOCKET_SWITCH } from '../core/tokens.js';

/** Opens a connection for each socket that Nest accepts, and closes all connections when the switch is turned off. */
@Injectable()
export class RealtimeGateway implements OnGatewayConnection, OnModuleInit {
  constructor(
    @Inject(REALTIME_OPTIONS) options: ResolvedRealtimeOptions,
    private readonly adapter: RealtimeWsAdapter,
    private readonly hub: ConnectionHub,
    private readonly config: ApplicationConfig,
    @Inject(WEBSOCKET_SWITCH) realtimeSwitch: WebSocketSwitch,
  ) {
    // The path is an option, and Nest reads the metadata of the class after it has made the instance.
    WebSocketGateway({ path: options.path, [OWN_GATEWAY]: true })(new.target);
    adapter.install(config);
    realtimeSwitch.changes.subscribe((enabled) => {
      if (!enabled) hub.closeAll(CLOSE_CODES.switchedOff);
    });
  }

  onModuleInit(): void {
    if (this.config.getIoAdapter() === this.adapter) return;
    throw new Error(
      'Another WebSocket adapter replaced the one of RealtimeModule. Set yours with app.useWebSocketAdapter(…).',
    );
  }

  handleConnection(socket: RealtimeSocket, upgradeContext: UpgradeContext): void {
    socket.attach(this.hub.open(socket, upgradeContext));
  }
}

/**
 * @returns a new class for each module, because Nest keeps the path on the class, and modules may have different paths.
 */
export function realtimeGateway(): Type<RealtimeGateway> {
  return class RealtimeModuleGateway extends RealtimeGateway {};
}
