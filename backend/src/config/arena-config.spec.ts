import { describe, expect, it } from '@jest/globals';

import { readConfig } from './arena-config.js';
import { ConfigError } from './config-error.js';

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      port: 59_002,
      host: undefined,
      webSocketEnabled: true,
      sessionLifetime: 3_600_000,
      chaos: false,
      trustedProxies: [],
      allowedOrigins: undefined,
      drainWindow: 5_000,
      pollInterval: 2_000,
      heartbeatInterval: 30_000,
      healthFactor: 1,
      saveFile: undefined,
      broker: undefined,
      isSecretDerived: false,
    });
  });

  it('generates a secret for each start if none is configured', () => {
    const [one, other] = [readConfig({}), readConfig({ ARENA_SECRET: '' })];

    expect(one.secret).toHaveLength(32);
    expect(one.secret).not.toEqual(other.secret);
  });

  it('derives one secret for all nodes from the address of their broker', () => {
    const [one, same, other] = ['redis://db/1', ' redis://db/1', 'redis://db/2'].map((ARENA_BROKER) =>
      readConfig({ ARENA_BROKER }),
    );

    expect(one).toMatchObject({ isSecretDerived: true, secret: same!.secret });
    expect(one!.secret).toHaveLength(32);
    expect(one!.secret).not.toEqual(other!.secret);
  });

  it('uses ARENA_SECRET on a shared broker, too', () => {
    const secret = 'a secret of thirty-two characters';
    const config = readConfig({ ARENA_BROKER: 'redis://db', ARENA_SECRET: secret });

    expect(config).toMatchObject({ isSecretDerived: false, secret: new TextEncoder().encode(secret) });
  });

  it.each([
    ['redis://db:6379', 'redis'],
    ['rediss://arena:hunter2@db', 'redis'],
    ['postgres://arena:hunter2@db/arena', 'postgres'],
    ['postgresql://db/arena', 'postgres'],
  ])('shares %s among nodes', (url, kind) => {
    expect(readConfig({ ARENA_BROKER: url }).broker).toEqual({ kind, url });
  });

  it('reads the environment', () => {
    const secret = 'a secret of thirty-two characters';

    expect(
      readConfig({
        PORT: ' 8080 ',
        HOST: '127.0.0.1',
        AF_WEBSOCKET_ENABLED: 'FALSE',
        ARENA_SECRET: secret,
        ARENA_CHAOS: '1',
        TRUSTED_PROXIES: '10.0.0.0/8, loopback,',
        ALLOWED_ORIGINS: 'https://play.example',
        ARENA_CLIENT_DIR: '/srv/client',
      }),
    ).toMatchObject({
      port: 8_080,
      host: '127.0.0.1',
      webSocketEnabled: false,
      secret: new TextEncoder().encode(secret),
      chaos: true,
      trustedProxies: ['10.0.0.0/8', 'loopback'],
      allowedOrigins: ['https://play.example'],
      clientDirectory: '/srv/client',
    });
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '1.5'],
    ['AF_WEBSOCKET_ENABLED', 'maybe'],
    ['ARENA_CHAOS', '2'],
    ['ARENA_SECRET', 'too short'],
    ['ARENA_BROKER', 'db:6379'],
    ['ARENA_BROKER', 'nats://db'],
    ['ARENA_SESSION_MINUTES', '0'],
    ['ARENA_DRAIN_SECONDS', '-1'],
    ['ARENA_HEALTH_FACTOR', '0'],
  ])('rejects %s=%s and names it', (name, text) => {
    expect(() => readConfig({ [name]: text })).toThrow(ConfigError);
    expect(() => readConfig({ [name]: text })).toThrow(name);
  });

  it('never quotes a secret in an error', () => {
    expect(() => readConfig({ ARENA_SECRET: 'hunter2', ARENA_BROKER: 'nats://:hunter3@db' })).toThrow(/^(?!.*hunter)/s);
  });
});
