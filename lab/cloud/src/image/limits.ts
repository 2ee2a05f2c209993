/** Limits that Glance keeps in Keystone (`use_keystone_limits`), and what is used of them. */
import { ApiError } from '../http/api-error.ts';
import { route, type Service } from '../http/service.ts';
import type { Quotas } from '../options.ts';
import { projectOf, type World } from '../world.ts';

const NAMES = {
  image_size_total: 'imageSizeTotal',
  image_count_total: 'imageCountTotal',
  image_count_uploading: 'imageCountUploading',
} as const satisfies Readonly<Record<string, keyof Quotas>>;

type Name = keyof typeof NAMES;
const names = Object.keys(NAMES) as Name[];
const MIB = 2 ** 20;
const UPLOADING = ['saving', 'uploading', 'importing'];

function used(world: World, owner: string, name: Name): number {
  const own = [...world.images.values()].filter((one) => one.owner === owner);
  if (name === 'image_count_total') return own.length;
  if (name === 'image_count_uploading') return own.filter((one) => UPLOADING.includes(one.status)).length;
  return Math.floor(own.reduce((sum, one) => sum + (one.size ?? 0), 0) / MIB);
}

/**
 * As oslo.limit does. Only a new image counts what is asked for; an upload is refused when the limit was passed
 * already, so that one upload may go over.
 */
function enforce(world: World, owner: string, name: Name, delta: number): void {
  const limit = world.quotas(owner)[NAMES[name]];
  const usage = used(world, owner, name);
  if (limit >= 0 && usage + delta > limit)
    throw new ApiError(
      413,
      `Project ${owner} is over a limit for [Resource ${name} is over limit of ${limit} due to current usage ${usage} and delta ${delta}]`,
    );
}

export function refuseImage(world: World, owner: string): void {
  enforce(world, owner, 'image_count_total', 1);
}

export function refuseUpload(world: World, owner: string): void {
  enforce(world, owner, 'image_size_total', 0);
  enforce(world, owner, 'image_count_uploading', 0);
}

/** `GET /v2/info/usage` (2.14). A cloud without any limit is one that does not keep them: it tells nothing. */
export function usageRoutes(world: World): Service['routes'] {
  return [
    route('GET', '/v2/info/usage', (call) => {
      const owner = projectOf(call.token);
      const quotas = world.quotas(owner);
      const kept = names.some((name) => quotas[NAMES[name]] >= 0);
      const usage = names.map((name) => [
        name,
        { usage: used(world, owner, name), limit: quotas[NAMES[name]] },
      ]);
      return { status: 200, json: { usage: kept ? (Object.fromEntries(usage) as unknown) : {} } };
    }),
  ];
}
