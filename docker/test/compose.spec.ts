import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly image?: string;
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly healthcheck?: object;
  readonly user?: string;
  readonly privileged?: boolean;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean; readonly ipam?: object }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const compose = parse(read('compose.yaml')) as Compose;
const services = Object.entries(compose.services);
const service = (name: string): Service => compose.services[name]!;

/** Names in `${NAME}`, `${NAME:-default}` and `"${NAME}"`. */
function variablesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!))].sort();
}

describe('compose.yaml', () => {
  test('gives the backend no port of the host, so that it can be scaled', () => {
    expect(service('backend').ports).toBeUndefined();
  });

  test('serves both documented ports through nginx, and another one through HAProxy', () => {
    expect(service('frontend').ports).toEqual(['8080:8080', '59002:8080']);
    expect(service('haproxy').ports).toEqual(['8081:8081']);
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual([
      'frontend',
      'haproxy',
    ]);
  });

  test('starts the backend, nginx and Redis, and the others by a profile', () => {
    const profiles = Object.fromEntries(services.map(([name, { profiles }]) => [name, profiles?.[0]]));
    expect(profiles).toEqual({
      backend: undefined,
      frontend: undefined,
      redis: undefined,
      haproxy: 'haproxy',
      postgres: 'postgres',
    });
  });

  test('needs a service of a profile only if the profile is on', () => {
    for (const [, { depends_on: needed = {} }] of services) {
      for (const [name, { condition, required = true }] of Object.entries(needed)) {
        expect(condition).toBe('service_healthy');
        expect(required).toBe(service(name).profiles === undefined);
      }
    }
  });

  test('has a health check for each service, here or in its Dockerfile', () => {
    for (const [, { build, healthcheck }] of services) {
      if (build === undefined) expect(healthcheck).toBeDefined();
      else expect(read(build.dockerfile)).toContain('HEALTHCHECK');
    }
  });

  test('refers only to files and networks that exist', () => {
    for (const [, { build, volumes = [], networks }] of services) {
      if (build !== undefined) expect(existsSync(join(root, build.context, build.dockerfile))).toBe(true);
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        expect(source.startsWith('./') ? existsSync(join(root, source)) : source in compose.volumes).toBe(true);
      }
      for (const network of networks) expect(compose.networks).toHaveProperty(network);
    }
  });

  test('names the version of each image', () => {
    for (const [, { image }] of services) {
      if (image !== undefined) expect(image).toMatch(/^[a-z]+:\d+\.?\d*-bookworm$/);
    }
  });

  test('drops the privileges of each service', () => {
    for (const [, each] of services) {
      expect(each).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      expect(each.privileged).toBeUndefined();
    }
  });

  test('lets only the backend reach Redis and PostgreSQL', () => {
    expect(compose.networks['brokers']).toEqual({ internal: true });
    expect(services.filter(([, { networks }]) => networks.includes('brokers')).map(([name]) => name)).toEqual([
      'backend',
      'redis',
      'postgres',
    ]);
    expect(service('redis').networks).toEqual(['brokers']);
    expect(service('postgres').networks).toEqual(['brokers']);
  });

  test('makes the backends trust the network of the proxies, and shares Redis by default', () => {
    const { environment } = service('backend');
    expect(environment).toMatchObject({ ARENA_BROKER: '${ARENA_BROKER-redis://redis:6379}' });
    expect(compose.networks['arena']).toEqual({ ipam: { config: [{ subnet: environment!['TRUSTED_PROXIES'] }] } });
  });

  test('passes on only variables that the server reads', () => {
    const schema = read('backend/src/config/environment-schema.ts');
    for (const name of Object.keys(service('backend').environment!)) expect(schema).toContain(`  ${name}: `);
  });

  test('contains no secret', () => {
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/SECRET|PASSWORD|TOKEN/.test(name)) expect(value).toBe(`\${${name}:-}`);
      }
    }
  });
});

describe('the configuration of the proxies', () => {
  test('nginx gets each of its variables from the image or from compose.yaml', () => {
    const environment = /^ENV (.*)$/m.exec(read('docker/frontend.Dockerfile').split(' AS runtime')[1]!)![1]!;
    const given = environment.split(' ').map((pair) => pair.split('=')[0]!);
    expect(variablesIn(read('docker/nginx/default.conf.template'))).toEqual(given.sort());
    expect(given).toEqual(expect.arrayContaining(Object.keys(service('frontend').environment!)));
  });

  test('HAProxy gets each of its variables from compose.yaml', () => {
    const given = Object.keys(service('haproxy').environment!);
    expect(variablesIn(read('docker/haproxy/haproxy.cfg'))).toEqual(given.sort());
  });
});
