import { type Clock, GutsError, messageOf, type SealedStore } from '@guts/core';
import { keyFile, writeKeyFile } from '../wiring/key-file.ts';
import type { KeyRing } from '../wiring/key-ring.ts';
import { SealedSecrets, sealedPrefix } from '../wiring/secrets.ts';
import { lackingKeys, sealedRows, takeCensus, usesOf } from './census.ts';

/**
 * How long an older key is kept after another one seals; seconds. A daemon looks for the newest key whenever it seals,
 * but stores what it sealed a little later: a request to guts-api takes a minute at most.
 */
export const GRACE_SECONDS = 300;
const TOLD_EVERY = 50;

export interface RotationParts {
  readonly path: string;
  readonly store: SealedStore;
  readonly clock: Clock;
  /** How the file is written; a test kills around it. */
  readonly file?: { writeKeyFile(path: string, ring: KeyRing): Promise<void> };
  /** Told now and then: how many were sealed anew so far. */
  readonly progress?: (done: number) => void;
}

export interface Rotated {
  readonly primary: string;
  /** An earlier rotation was brought to its end: no key was made. */
  readonly resumed: boolean;
  readonly resealed: number;
  /** What did not open, and why: it stays as it is. */
  readonly failed: readonly string[];
}

async function write({ path, file }: RotationParts, ring: KeyRing): Promise<void> {
  if (file) await file.writeKeyFile(path, ring);
  else writeKeyFile(path, ring);
}

const now = ({ clock }: RotationParts): number => Math.floor(clock.now() / 1000);

/** @throws GutsError `configuration` when what was sealed cannot be opened for want of a key */
async function refuseLackingKeys(store: SealedStore, ring: KeyRing): Promise<void> {
  const lacking = lackingKeys(
    await takeCensus(store),
    ring.keys.map(({ id }) => id),
  );
  if (lacking.length > 0)
    throw new GutsError(
      'configuration',
      `secrets are sealed by ${lacking.join(', ')}, which the key file lacks`,
      {
        field: 'key_file',
        remedy:
          'Copy the key file from the host that has it first; guts secret check names the secrets. Those whose key is lost must be given anew.',
      },
    );
}

/**
 * Adds a key that will seal later, unless there is one: the file is then brought to every host before the rotation.
 * Gives its id.
 */
export async function prepareKey(parts: RotationParts): Promise<string> {
  const ring = keyFile(parts.path).ring();
  const wider = ring.prepared ? ring : ring.withPrepared();
  if (wider !== ring) await write(parts, wider);
  return wider.prepared?.id ?? '';
}

/** Seals everything anew that the first key did not seal, one row after the other, by compare-and-swap. */
async function reseal(parts: RotationParts): Promise<{ resealed: number; failed: readonly string[] }> {
  const { path, store, progress } = parts;
  const keys = keyFile(path);
  const secrets = new SealedSecrets(keys);
  const beginning = sealedPrefix(keys.ring().primary.id);
  const failed: string[] = [];
  let resealed = 0;
  let told = 0;
  for await (const row of sealedRows(store, beginning)) {
    try {
      const sealed = secrets.seal(secrets.open(row.sealed, row.context), row.context);
      if (await store.replaceSealed(row, sealed)) resealed += 1;
    } catch (error) {
      if (!(error instanceof GutsError) || error.code !== 'configuration') throw error;
      failed.push(`${row.name}: ${messageOf(error)}`);
    }
    if (resealed > told && resealed % TOLD_EVERY === 0) progress?.((told = resealed));
  }
  if (resealed > told) progress?.(resealed);
  return { resealed, failed };
}

/**
 * A new key seals from now on, and seals anew what older ones did. It may be killed at any moment and run again: the
 * key is durable before it seals anything, and the file tells until the end that the rotation is under way.
 * @throws GutsError `configuration`
 */
export async function rotate(parts: RotationParts): Promise<Rotated> {
  const before = keyFile(parts.path).ring();
  await refuseLackingKeys(parts.store, before);
  const resumed = before.primary.state === 'rotating';
  const ring = resumed ? before : before.promoted(now(parts));
  if (!resumed) await write(parts, ring);
  const { resealed, failed } = await reseal(parts);
  if (failed.length === 0) await write(parts, ring.settled());
  return { primary: ring.primary.id, resumed, resealed, failed };
}

export interface Retired {
  readonly retired: readonly string[];
  /** Keys that something still refers to. */
  readonly kept: readonly string[];
  readonly resealed: number;
  readonly failed: readonly string[];
}

/**
 * Takes older keys out of the file that nothing refers to, after sealing anew what was sealed by them meanwhile.
 * @throws GutsError `conflict` while a rotation is under way, or too soon after it
 */
export async function retire(parts: RotationParts): Promise<Retired> {
  const { path, store } = parts;
  const ring = keyFile(path).ring();
  const { primary } = ring;
  if (primary.state === 'rotating')
    throw new GutsError('conflict', 'a rotation is under way', {
      remedy: 'Run guts secret rotate again: it goes on.',
    });
  const left = primary.since + GRACE_SECONDS - now(parts);
  if (left > 0)
    throw new GutsError('conflict', `key ${primary.id} seals for less than ${GRACE_SECONDS / 60} minutes`, {
      remedy: `A daemon may be about to store what an older key sealed: run it again in ${left} s.`,
    });
  await refuseLackingKeys(store, ring);
  const { resealed, failed } = await reseal(parts);
  const census = await takeCensus(store);
  const older = ring.keys.filter((key) => key !== primary && key.state !== 'prepared').map(({ id }) => id);
  const retired = older.filter((id) => usesOf(census, id) === 0);
  if (retired.length > 0) await write(parts, ring.without(retired));
  return { retired, kept: older.filter((id) => !retired.includes(id)), resealed, failed };
}
