import type { WebSocketAdapter } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { GATEWAY_METADATA } from '@nestjs/websockets/internal';
import type { Server } from 'node:http';

/** Makes the adapter that Nest itself would have taken. */
export type DefaultAdapter = (server: Server) => WebSocketAdapter;

/** @returns whether the application has gateways of its own. */
export function hasOtherGateways(modules: ModulesContainer): boolean {
  return [...modules.values()].some(({ providers }) =>
    [...providers.values()].some(
      ({ metatype }) => typeof metatype === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, metatype),
    ),
  );
}

/**
 * Loads what Nest falls back to for gateways where no adapter was set, socket.io's.
 *
 * @returns undefined where it is not installed.
 */
export async function loadDefaultAdapter(): Promise<DefaultAdapter | undefined> {
  try {
    const { IoAdapter } = await import('@nestjs/platform-socket.io');
    return (server) => new IoAdapter(server);
  } catch {
    return undefined;
  }
}
