import type { AuthenticatedFrame, WelcomeFrame } from '@statewire/protocol';

import type { ConnectionNode } from './connection-node.js';

/** What a client is told once its `hello` is settled. */
export function welcome(
  connectionId: string,
  { options, environment }: Pick<ConnectionNode, 'options' | 'environment'>,
  expiresAt: number | undefined,
): WelcomeFrame {
  const { heartbeat, limits, actionWindowMs } = options;
  return {
    type: 'welcome',
    connectionId,
    serverTime: environment.now(),
    heartbeat: { interval: heartbeat.intervalMs, timeout: heartbeat.timeoutMs },
    limits: {
      frameBytes: limits.frames.bytes,
      subscriptions: limits.connections.subscriptions,
      framesPerSecond: limits.frames.perSecond,
    },
    actionWindow: actionWindowMs,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** What a client is told when its credentials were replaced, or, without `ref`, when they end sooner than they did. */
export function authenticated(expiresAt: number | undefined, ref?: string): AuthenticatedFrame {
  return {
    type: 'authenticated',
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(ref === undefined ? {} : { ref }),
  };
}
