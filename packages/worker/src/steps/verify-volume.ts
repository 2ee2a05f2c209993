import {
  type ChunkManifest,
  type DiskPass,
  type DiskReader,
  type Extent,
  type OpenDisk,
  type TargetDisk,
  type Verification,
} from '@guts/core';
import type { StepContext } from '../context.ts';
import type { ProgressBoard } from '../progress.ts';
import { replacePiece, storedManifest } from './manifest.ts';
import { assertAsCopied } from './source-content.ts';
import { diskOf, withSourceDisks } from './source-session.ts';
import type { PassManifest } from './transfer.ts';

/** Share of the chunks that the policy `sampled` looks at. */
const SAMPLE = 0.1;
/** More than so many places are not named. */
const PLACES = 8;

const NO_MAP = new Map<string, readonly Extent[]>();

function placesText(extents: readonly Extent[]): string {
  const named = extents.slice(0, PLACES).map(({ offset, length }) => `${offset}+${length}`);
  const more = extents.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more places` : ''}`;
}

const bytesOf = (extents: readonly Extent[]): number => extents.reduce((sum, { length }) => sum + length, 0);

/** The volume that holds a disk, as it is read and written here. */
class CopiedVolume {
  readonly #context: StepContext;
  readonly #disk: TargetDisk;
  readonly #pass: DiskPass;
  readonly #data: Readonly<Record<string, unknown>>;
  #manifest: ChunkManifest;

  constructor(
    context: StepContext,
    disk: TargetDisk,
    pass: DiskPass,
    data: Readonly<Record<string, unknown>>,
    manifest: ChunkManifest,
  ) {
    this.#context = context;
    this.#disk = disk;
    this.#pass = pass;
    this.#data = data;
    this.#manifest = manifest;
  }

  static async open(context: StepContext, disk: TargetDisk, pass: DiskPass): Promise<CopiedVolume> {
    const { destination, journal, signal } = context;
    const volumeId = await journal.idOf(`volume:${disk.key}`);
    const role = `attachment:${disk.key}`;
    const attached = await journal.ensure(destination, 'attachment', role, { volumeId }, signal);
    const { chunks } = pass.manifest as PassManifest;
    const manifest = await storedManifest(journal, { diskKey: disk.key, pass: pass.number }, chunks);
    return new CopiedVolume(context, disk, pass, attached.data, manifest);
  }

  /** What of it, or of the source read once more, is not as it was copied. */
  async differences(
    reader: OpenDisk['source'],
    options: {
      readonly sample?: number;
      readonly only?: readonly Extent[];
      readonly onProgress?: (progress: { bytesDone: number }) => void;
    },
  ): Promise<{ readonly mismatches: readonly Extent[]; readonly bytesChecked: number }> {
    const { copier, signal } = this.#context;
    return copier.verify({ manifest: this.#manifest, reader, signal, ...options });
  }

  async reading<T>(work: (reader: DiskReader) => Promise<T>): Promise<T> {
    const reader = await this.#context.destination.openVolumeReader(
      this.#data,
      this.#disk.capacityBytes,
      this.#context.signal,
    );
    try {
      return await work(reader);
    } finally {
      await reader.close();
    }
  }

  /** Reads the source once more. @throws GutsError `source_power` when it is not as it was copied */
  async onSource<T>(work: (source: OpenDisk['source']) => Promise<T>): Promise<T> {
    await assertAsCopied(this.#context);
    return withSourceDisks(this.#context, [this.#disk.key], NO_MAP, (session) =>
      work(diskOf(session, this.#disk).source),
    );
  }

  /** Copies places of the source again; digests that are others then are stored. */
  async repair(extents: readonly Extent[]): Promise<void> {
    const { destination, journal, copier, signal } = this.#context;
    const { key, capacityBytes } = this.#disk;
    const changed = await this.onSource(async (source) => {
      const target = await destination.openVolumeWriter(this.#data, capacityBytes, { fresh: false }, signal);
      try {
        const done = await copier.repair({ source, target, manifest: this.#manifest, extents, signal });
        return done.changed;
      } finally {
        await target.close();
      }
    });
    const at = { diskKey: key, pass: this.#pass.number };
    for (const piece of changed) await replacePiece(journal, at, this.#manifest, piece);
    const others = new Map(changed.map((piece) => [piece.firstChunk, piece]));
    const pieces = this.#manifest.pieces.map((piece) => others.get(piece.firstChunk) ?? piece);
    this.#manifest = { ...this.#manifest, pieces };
  }
}

/**
 * Compares a volume, and when the policy says so the source once more, with the digests of the copy. What differs is
 * copied again, once, and looked at again.
 */
export async function verifyVolume(
  context: StepContext,
  disk: TargetDisk,
  pass: DiskPass,
  board: ProgressBoard,
): Promise<Verification> {
  const { journal, migration } = context;
  const { verifyData } = migration.spec.policies;
  const sampled = verifyData === 'sampled';
  const volume = await CopiedVolume.open(context, disk, pass);
  const onProgress = ({ bytesDone }: { bytesDone: number }): void => board.update(disk.key, { bytesDone });
  const { mismatches, bytesChecked } = await volume.reading((reader) =>
    volume.differences(reader, { onProgress, ...(sampled ? { sample: SAMPLE } : {}) }),
  );
  const changed =
    verifyData === 'both'
      ? (await volume.onSource((source) => volume.differences(source, { onProgress }))).mismatches
      : [];
  const bad = [...mismatches, ...changed];
  const result = { method: 'chunks' as const, bytesChecked, sampled };
  const equal = sampled ? 'every chunk of a sample is equal' : 'every chunk is equal';
  const both = verifyData === 'both' ? ', at the source, too' : '';
  if (bad.length === 0) return { ...result, matches: true, bytesRepaired: 0, detail: `${equal}${both}` };

  const where = [
    ...(mismatches.length > 0 ? [`the destination differs at ${placesText(mismatches)}`] : []),
    ...(changed.length > 0 ? [`the source gives other bytes now at ${placesText(changed)}`] : []),
  ].join('; ');
  await journal.note('verify.differs', `${disk.label}: ${where}; it is copied again there`, 'warning');
  await volume.repair(bad);
  const left = await volume.reading((reader) => volume.differences(reader, { only: bad }));
  if (left.mismatches.length > 0) {
    const detail = `differs at ${placesText(left.mismatches)}, also after it was copied again`;
    return { ...result, matches: false, bytesRepaired: 0, detail };
  }
  const bytesRepaired = bytesOf(bad);
  const told = `${where}; ${bytesRepaired} bytes were copied again and are equal now`;
  await journal.note('verify.repaired', `${disk.label}: ${told}`, 'warning');
  return { ...result, matches: true, bytesRepaired, detail: `${equal}: ${told}` };
}
