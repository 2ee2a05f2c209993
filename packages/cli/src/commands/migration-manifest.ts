import { ApiCallError, type Disk, type Manifest, type ManifestPiece, routes } from '@guts/contract';
import type { Command } from 'commander';
import { type CliContext, type Run, UsageError } from '../context.ts';
import { examples } from '../examples.ts';
import { findMigration, MIGRATION_HELP } from '../find-migration.ts';
import { type ManifestScheme, writeManifestFile } from '../manifest-file.ts';
import { chunksWithData, manifestPieces } from '../manifest-pages.ts';
import { showList, text } from '../output/show.ts';
import { formatBytes } from '../output/units.ts';

interface Shown {
  readonly key: string;
  readonly label: string;
  /** Null: no copy of it has ended. */
  readonly manifest: Manifest | null;
  readonly data_chunks: number | null;
  readonly zero_chunks: number | null;
}

/** @throws ApiCallError `not_found` */
async function disksOf({ client }: CliContext, id: string, wanted: string | undefined): Promise<Disk[]> {
  const { disks } = await client.call(routes.migrations.disks, { params: { id } });
  const found =
    wanted === undefined ? disks : disks.filter(({ key, label }) => key === wanted || label === wanted);
  if (found.length > 0) return found;
  const names = disks.map(({ key, label }) => `${key} (${label})`).join(', ');
  throw new ApiCallError(
    disks.length === 0
      ? 'the disks of the migration are not known yet'
      : `the migration has no disk "${wanted ?? ''}"`,
    {
      status: 0,
      code: 'not_found',
      remedy: disks.length === 0 ? 'They are when its preflight is done.' : `Its disks are ${names}.`,
    },
  );
}

/** What became of a disk, counted without keeping its digests. */
async function shownOf({ client, signal }: CliContext, id: string, { key, label }: Disk): Promise<Shown> {
  let manifest: Manifest | null = null;
  let data = 0;
  let all = 0;
  for await (const page of manifestPieces(client, id, key, signal)) {
    manifest = page.manifest;
    for (const piece of page.pieces) {
      data += chunksWithData(piece);
      all += piece.chunks;
    }
  }
  return { key, label, manifest, data_chunks: data, zero_chunks: all - data };
}

function verified({ manifest }: Shown): string {
  if (!manifest) return 'no copy has ended';
  const { verification } = manifest;
  if (!verification) return 'no';
  if (!verification.matches) return 'DIFFERS';
  return verification.sampled ? 'a sample' : 'yes';
}

async function showManifests(context: CliContext, id: string, disks: readonly Disk[]): Promise<void> {
  const shown: Shown[] = [];
  let missing: ApiCallError | undefined;
  for (const disk of disks) {
    try {
      shown.push(await shownOf(context, id, disk));
    } catch (error) {
      if (!(error instanceof ApiCallError && error.status === 404)) throw error;
      missing ??= error;
      const { key, label } = disk;
      shown.push({ key, label, manifest: null, data_chunks: null, zero_chunks: null });
    }
  }
  // One reason says more than a table of nothing.
  if (missing && shown.every(({ manifest }) => manifest === null)) throw missing;
  showList(context, shown, [
    ['Key', (one) => one.key],
    ['Label', (one) => one.label],
    ['Data chunks', (one) => text(one.data_chunks), (one) => one.data_chunks],
    ['Zero chunks', (one) => text(one.zero_chunks), (one) => one.zero_chunks],
    [
      'Bytes',
      (one) => (one.manifest ? formatBytes(one.manifest.size) : '-'),
      (one) => one.manifest?.size ?? null,
    ],
    ['Algorithm', (one) => text(one.manifest?.algorithm)],
    ['Verified', verified],
  ]);
}

async function writeManifest(context: CliContext, id: string, disk: Disk, file: string): Promise<void> {
  const { client, signal, out, json } = context;
  const pages = manifestPieces(client, id, disk.key, signal);
  const first = await pages.next();
  // The generator ends only after a page.
  if (first.done) throw new TypeError('the API gave no page');
  const { manifest } = first.value;
  let data = 0;
  async function* pieces(): AsyncGenerator<ManifestPiece> {
    for (const piece of first.value?.pieces ?? []) yield counted(piece);
    for await (const page of pages) for (const piece of page.pieces) yield counted(piece);
  }
  const counted = (piece: ManifestPiece): ManifestPiece => {
    data += chunksWithData(piece);
    return piece;
  };
  await writeManifestFile(file, schemeOf(manifest), pieces());
  const told = { file, disk: disk.key, label: disk.label, data_chunks: data };
  out.write(
    json
      ? `${JSON.stringify(told)}\n`
      : `${file}: the manifest of ${disk.label}, ${formatBytes(manifest.size)}, ${data} chunks with data\n`,
  );
}

/** @throws ApiCallError `unsupported` */
function schemeOf({ size, chunk_size, algorithm, key }: Manifest): ManifestScheme {
  if (algorithm === 'aes-128-gmac') return { size, chunk_size, algorithm, key };
  throw new ApiCallError(`this guts knows no digests of the kind ${algorithm}`, {
    status: 0,
    code: 'unsupported',
    remedy: 'Use a guts as new as the guts-api.',
  });
}

/** `guts migration manifest`. */
export function addMigrationManifest(group: Command, run: Run): void {
  group
    .command('manifest')
    .argument('<migration>', MIGRATION_HELP)
    .summary('the digests of what was copied, per disk; written to a file with -o')
    .description(
      'Tells per disk how many chunks were digested while they were copied, and whether the destination was compared with them. With -o the digests themselves are written to a file, with which guts disk verify compares a disk at any time.',
    )
    .option('--disk <disk>', 'only this disk, by its key or label')
    .option('-o, --output <file>', 'writes the manifest of one disk to a new file, as JSON')
    .addHelpText(
      'after',
      examples(
        'guts migration manifest web',
        'guts migration manifest web --disk "Hard disk 1" -o web-disk1.json',
      ),
    )
    .action((given: string, { disk, output }: { disk?: string; output?: string }) =>
      run(async (context) => {
        const id = await findMigration(context.client, given);
        const disks = await disksOf(context, id, disk);
        if (output === undefined) return showManifests(context, id, disks);
        const [only] = disks;
        if (only && disks.length === 1) return writeManifest(context, id, only, output);
        const names = disks.map(({ key, label }) => `${key} (${label})`).join(', ');
        throw new UsageError(`a file holds the manifest of one disk: say --disk, one of ${names}`);
      }),
    );
}
