import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@guts/core';
import { routes } from '@guts/contract';
import type { Lane } from './lane.ts';
import { nameOf, outageOf, type Outcome } from './strike.ts';

/** How long each log of a folder is now; bytes by file. */
export type Marks = ReadonlyMap<string, number>;

export async function markLogs(folder: string): Promise<Marks> {
  const marks = new Map<string, number>();
  for (const file of await readdir(folder))
    if (file.endsWith('.log')) marks.set(file, (await stat(join(folder, file))).size);
  return marks;
}

/** The command that strikes the same again. */
export function again({ victim, scenario, point, mode, backend }: Outcome): string {
  const base = `npm run test:kill -- --backend ${backend} --scenario ${scenario.name}`;
  return mode === 'none'
    ? `${base} --runs 1`
    : `${base} --victims ${victim} --modes ${mode} --point '${point}'`;
}

/**
 * Writes what there is to know of a run that ended wrong: what every daemon logged meanwhile, what the journal holds,
 * what is left in the cloud. @returns the folder
 */
export async function keepEvidence(
  into: string,
  lane: Lane,
  outcome: Outcome,
  before: Marks,
): Promise<string> {
  const taken = await readdir(into).catch(() => []);
  const folder = join(into, `wrong-${taken.length + 1}`);
  await mkdir(folder, { recursive: true });
  const from = lane.stack.folder;
  for (const file of await readdir(from)) {
    if (!file.endsWith('.log')) continue;
    const text = await readFile(join(from, file));
    await writeFile(join(folder, file), text.subarray(before.get(file) ?? 0));
  }
  const { id, wrongs, hit, takeOverSeconds, second } = outcome;
  const told = { strike: nameOf(outcome), outage: outageOf(outcome), hit, second, takeOverSeconds, wrongs };
  await write(folder, 'run', { ...told, again: again(outcome) });
  await write(folder, 'journal', await journal(lane, id));
  const { servers, volumes, images, ports } = lane.stack.cloud;
  const cloud = Object.entries({ servers, volumes, images, ports }).map(([kind, all]) => [
    kind,
    [...all.values()],
  ]);
  await write(folder, 'cloud', Object.fromEntries(cloud));
  return folder;
}

async function write(folder: string, name: string, what: unknown): Promise<void> {
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(what, null, 2)}\n`);
}

async function journal(lane: Lane, id: string | null): Promise<unknown> {
  if (id === null) return 'the migration was never asked for';
  const { client } = lane;
  const params = { id };
  try {
    return {
      ...(await client.call(routes.migrations.show, { params })),
      ...(await client.call(routes.migrations.steps, { params })),
      ...(await client.call(routes.migrations.artifacts, { params })),
      ...(await client.call(routes.migrations.events, { params, query: { limit: '500' } })),
      ...(await client.call(routes.services.list)),
    };
  } catch (error) {
    return `the api does not tell: ${messageOf(error)}`;
  }
}
