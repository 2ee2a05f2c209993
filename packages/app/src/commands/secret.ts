import { drawTable } from '@guts/cli';
import { type Clock, GutsError, messageOf, type Store } from '@guts/core';
import type { Watch } from '@guts/worker';
import { loadConfig } from '../config.ts';
import { lackingKeys, sealedRows, takeCensus } from '../secrets/census.ts';
import { prepareKey, retire, rotate, type RotationParts } from '../secrets/rotation.ts';
import { openDatabase, requireSchema } from '../wiring/backends.ts';
import { keyFile, writeKeyFile } from '../wiring/key-file.ts';
import { withKeyLock } from '../wiring/key-lock.ts';
import { SealedSecrets } from '../wiring/secrets.ts';

interface Around {
  readonly env: NodeJS.ProcessEnv;
  readonly json: boolean;
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
  readonly clock: Clock;
  /** Points for tests; see faults/points.ts. */
  readonly watch?: Watch;
}

async function withStore<T>(
  configFile: string | null,
  { env, watch }: Around,
  work: (path: string, store: Store) => Promise<T>,
): Promise<T> {
  const config = loadConfig(configFile, env);
  const store = await openDatabase(config);
  try {
    await requireSchema(store);
    return await work(config.keyFile, watch ? watch('store', store) : store);
  } finally {
    await store.close();
  }
}

/** @throws GutsError `configuration` for what did not open */
function refuseFailed(failed: readonly string[], done: string): void {
  if (failed.length === 0) return;
  throw new GutsError(
    'configuration',
    [`${done}; what does not open:`, ...failed.map((one) => `  ${one}`)].join('\n'),
    {
      remedy:
        'Give these secrets anew (guts source set, guts destination set), or delete what is not used any more.',
      details: { failed },
    },
  );
}

/** `guts secret list`: ids and counts, never keys. */
export function listKeys(configFile: string | null, around: Around): Promise<void> {
  return withStore(configFile, around, async (path, store) => {
    const { keys, primary } = keyFile(path).ring();
    const census = await takeCensus(store);
    const stateOf = (key: (typeof keys)[number]): string => {
      if (key === primary) return key.state === 'rotating' ? 'seals (rotation under way)' : 'seals';
      return key.state === 'prepared' ? 'prepared' : 'opens';
    };
    const rows = [
      ...keys.map((key) => ({
        id: key.id,
        state: stateOf(key),
        since: key.since === 0 ? null : new Date(key.since * 1000).toISOString(),
      })),
      ...lackingKeys(
        census,
        keys.map(({ id }) => id),
      ).map((id) => ({ id, state: 'not in the key file', since: null })),
    ].map((row) => ({
      ...row,
      secrets: census.secrets.get(row.id) ?? 0,
      requests: census.digests.get(row.id) ?? 0,
    }));
    if (around.json) around.out.write(`${JSON.stringify({ key_file: path, keys: rows })}\n`);
    else
      around.out.write(
        `${drawTable(
          ['Key', 'State', 'Since', 'Secrets', 'Requests'],
          rows.map((row) => [row.id, row.state, row.since ?? '', String(row.secrets), String(row.requests)]),
        )}\n`,
      );
  });
}

/** `guts secret check`: everything that is stored opens. @throws GutsError `configuration` */
export function checkSecrets(configFile: string | null, around: Around): Promise<void> {
  return withStore(configFile, around, async (path, store) => {
    const secrets = new SealedSecrets(keyFile(path));
    const failed: string[] = [];
    let opened = 0;
    for await (const { name, sealed, context } of sealedRows(store)) {
      try {
        secrets.open(sealed, context);
        opened += 1;
      } catch (error) {
        failed.push(`${name}: ${messageOf(error)}`);
      }
    }
    refuseFailed(failed, `${opened} of ${opened + failed.length} secrets open`);
    around.out.write(around.json ? `${JSON.stringify({ opened })}\n` : `all ${opened} secrets open\n`);
  });
}

/** `guts secret rotate`. @throws GutsError `configuration`, `conflict` */
export function rotateSecrets(
  configFile: string | null,
  how: 'rotate' | 'prepare' | 'retire',
  around: Around,
): Promise<void> {
  const { json, out, err, clock, watch } = around;
  const tell = (facts: object, text: string): void => {
    out.write(json ? `${JSON.stringify(facts)}\n` : `${text}\n`);
  };
  return withStore(configFile, around, (path, store) => {
    const file = {
      writeKeyFile: (to: string, ring: Parameters<typeof writeKeyFile>[1]) =>
        Promise.resolve(writeKeyFile(to, ring)),
    };
    const parts: RotationParts = {
      path,
      store,
      clock,
      file: watch ? watch('keys', file) : file,
      ...(json ? {} : { progress: (done) => void err.write(`sealed anew: ${done}\n`) }),
    };
    // The ring is read within the lock: whoever had it before may have changed it.
    return withKeyLock(path, async () => {
      if (how === 'prepare') {
        const id = await prepareKey(parts);
        return tell(
          { prepared: id },
          `key ${id} is prepared: copy ${path} to every host, then run guts secret rotate`,
        );
      }
      if (how === 'retire') {
        const { retired, kept, resealed, failed } = await retire(parts);
        refuseFailed(failed, `keys are kept that are needed: ${kept.join(', ')}`);
        const names = retired.length === 0 ? 'no key was left to retire' : `retired ${retired.join(', ')}`;
        const more =
          kept.length === 0 ? '' : `; kept ${kept.join(', ')}, which something refers to: run it again`;
        return tell({ retired, kept, resealed }, `${names}${more}; copy ${path} to every host`);
      }
      const { primary, resumed, resealed, failed } = await rotate(parts);
      refuseFailed(failed, `key ${primary} seals, and sealed ${resealed} secrets anew`);
      tell(
        { primary, resumed, resealed },
        `key ${primary} seals, and sealed ${resealed} secrets anew${resumed ? ' (a rotation that was cut off was ended)' : ''}; copy ${path} to every host, then run guts secret rotate --retire`,
      );
    });
  });
}
