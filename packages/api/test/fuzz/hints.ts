import { STATUSES } from '@guts/core';
import fc from 'fast-check';
import type { Operation, Schema } from './document.ts';
import type { Hint } from './from-schema.ts';
import { DEAD } from './seeded.ts';
import { type Kind, KINDS, type World } from './world.ts';

/** One of a list that grows while calls are made. */
const oneOf = (list: () => readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.nat(10_000).map((n) => {
    const all = list();
    return all[n % all.length];
  });

const kindOf = (path: string): Kind | null =>
  KINDS.find((kind) => path === `/v1/${kind}s` || path.startsWith(`/v1/${kind}s/`)) ?? null;

const WORDS: Readonly<Record<string, readonly unknown[]>> = {
  driver: ['any', 'any', 'strict'],
  settings: [{ url: 'https://vc.test' }, { url: 'https://vc.test', port: 443 }],
  secret: [{ password: 'p' }, {}],
  mode: ['cold', 'cold', 'cold', 'warm'],
  purpose: ['production', 'production', 'production', 'rehearsal'],
  host: ['host-1', 'ESX1.test', 'nothing'],
  datastore: ['ds-1', 'DS1'],
  network: ['net-1', 'VM Network', 'private', 'n1'],
  guest: ['linux', 'debian12_64Guest'],
  folder: ['DC/vm/folder-1', 'DC'],
  search: ['machine', 'FOLDER-2', '%', '_'],
  kind: ['source.refresh', 'destination.reap'],
  user: ['user-a-admin'],
  request: ['req-made-1'],
  flavor: ['m1.small', 'f1'],
  availability_zone: ['nova'],
  security_groups: ['default', 'g1'],
  boot_pattern: ['login:', '(a+)+$', '(', '[', '\\', 'x{99999}', '(?<n>a)\\k<n>'],
  volume_type: ['fast'],
  addresses: ['10.0.0.5', 'fe80::1', 'nonsense'],
  reason: ['maintenance'],
  limit: ['1', '2', '50', '1000'],
  after: ['0', '1', '30'],
  disk: ['2000', '2000', '2001'],
  disabled: [true, false],
  origin: ['https://horizon.example', 'http://127.0.0.1:8080', 'https://[::1]:443'],
  bytes_per_second_limit: [null, 1e6, 2 ** 53 - 1],
};
/** For what a list of some kind is known to have. */
const KEYS = /keys: (.*)$/;

/** Values that exist, or that mean something, for the fields of an operation. */
export function hintsFor({ path, operationId }: Operation, world: World): Hint {
  const known = (...kinds: Kind[]): fc.Arbitrary<unknown> =>
    oneOf(() => kinds.flatMap((one) => world.known(one)));
  const own = kindOf(path);
  return (name: string, { description = '', enum: words }: Schema) => {
    const keys = KEYS.exec(description)?.[1]?.split(', ');
    if (keys)
      return fc
        .tuple(fc.constantFrom(...keys), fc.constantFrom('', ':asc', ':desc'))
        .map(([key, direction]) => `${key}${direction}`);
    if (words && name !== 'mode' && name !== 'purpose') return null;
    switch (name) {
      case 'id':
        return path.startsWith('/v1/services/')
          ? fc.constantFrom('worker-1', 'worker-2', DEAD, DEAD)
          : own && known(own);
      case 'ref':
      case 'instances':
        return oneOf(() => world.instances);
      case 'instance':
        return oneOf(() => [...world.instances, ...world.names, 'DC/vm/folder-1/machine-31']);
      case 'source':
        return fc.constantFrom('alpha-source', 'alpha-source', 'alpha-source', 'alpha-vc');
      case 'destination':
        return fc.constantFrom('alpha-destination', 'alpha-destination', 'alpha-destination', 'alpha-cloud');
      case 'named_mapping':
        return known('mapping');
      case 'subject':
        return known('source', 'destination');
      case 'resource':
      case 'resource_id':
        return known(...KINDS);
      case 'marker':
        return own ? known(own) : oneOf(() => [...world.instances, 'vm-1/2000', 'net-1']);
      case 'name':
        return path.includes('{id}') || operationId.endsWith('.list')
          ? oneOf(() => world.names)
          : fc.nat(1e9).map((n) => `name-${n}`);
      case 'status':
        return own === 'migration'
          ? fc.constantFrom(...STATUSES, 'queued, failed', 'queued,failed', ',')
          : fc.constantFrom('unknown', 'valid,invalid', 'queued', 'done,failed');
      default: {
        const some = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
        return some ? fc.constantFrom(...some) : null;
      }
    }
  };
}
