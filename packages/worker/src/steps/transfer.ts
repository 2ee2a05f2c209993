import {
  counted,
  type CopyCheckpoint,
  type CopyResult,
  type DigestScheme,
  diskName,
  DISKS_AT_ONCE,
  type DiskPass,
  type DiskSession,
  type DiskWriter,
  type Extent,
  GutsError,
  type ImageUpload,
  type ImageUploadOptions,
  type OpenDisk,
  type SentImage,
  type TargetDisk,
  type TargetPlan,
} from '@guts/core';
import { preflightOutput, type StepContext, type StepResult } from '../context.ts';
import { HandOver } from '../lease-keeper.ts';
import { eachAtMost } from '../each.ts';
import { ProgressBoard } from '../progress.ts';
import { fallBackToImage, fillOf, isUnreached } from './fill.ts';
import { assertSameDisks } from './source-disks.ts';
import { areasOf } from './source-map.ts';
import { assertUnwritten, forgetWritten, readContents, type ReadContent } from './source-content.ts';
import { resumption, storeManifest, storePiece } from './manifest.ts';
import { diskOf, withSourceDisks } from './source-session.ts';
import { unmakeServer } from './unmake-server.ts';

/** Number of the pass that copies everything. */
const FULL_PASS = 1;

/** What a pass stores beside the chunk digests: where the bytes are, and, for images, what was sent. */
export interface PassManifest extends ReadContent {
  /** External id of the volume or image that holds them: another one in its role holds others. */
  readonly target: string;
  /** The digests themselves are the pass's checkpoints. */
  readonly chunks: DigestScheme;
  readonly upload?: SentImage & { readonly format: ImageUploadOptions['format'] };
}

type Areas = ReadonlyMap<string, readonly Extent[]>;

async function readAreas(context: StepContext, disks: readonly TargetDisk[]): Promise<Areas> {
  const { source, migration, journal, signal } = context;
  const { plan, instance } = preflightOutput(context);
  const tracked = instance.changeTracking.enabled || (await journal.byRole('change_tracking')) !== null;
  const areas = new Map<string, readonly Extent[]>();
  if (!tracked || plan.transport !== 'datastore') return areas;
  for (const disk of disks) {
    const found = await source.allocatedAreas(migration.instanceRef, disk.key, signal);
    if (found) areas.set(disk.key, found);
    else
      await journal.note(
        'transfer.no_map',
        `${disk.label}: the source has no change map; every byte is read`,
        'warning',
      );
  }
  return areas;
}

type Copy = (
  target: DiskWriter,
  more?: Partial<Parameters<StepContext['copier']['copy']>[0]>,
) => Promise<CopyResult>;

/**
 * Whether this worker writes to the volume itself. Where that was to be tried, another worker than now may have found
 * that it does: what this one cannot reach is filled from an image after all, from the start.
 */
async function writesDirectly(context: StepContext, disk: TargetDisk): Promise<boolean> {
  if ((await fillOf(context, disk)) === 'image') return false;
  if (disk.fill === 'device') return true;
  const { destination, journal, signal } = context;
  const volumeId = await journal.idOf(`volume:${disk.key}`);
  try {
    await journal.ensure(destination, 'attachment', `attachment:${disk.key}`, { volumeId }, signal);
    return true;
  } catch (error) {
    if (!isUnreached(error)) throw error;
    await fallBackToImage(context, disk, error.message);
    return false;
  }
}

/**
 * Copies into a volume that this worker reaches as a file or device. With random access on both sides it goes on
 * behind the last checkpoint, and leaves checkpoints for whoever comes after.
 */
async function toVolume(
  context: StepContext,
  disk: TargetDisk,
  source: OpenDisk['source'],
  copy: Copy,
): Promise<PassManifest & { result: CopyResult }> {
  const { destination, journal, signal, checkpointBytes } = context;
  const at = { diskKey: disk.key, pass: FULL_PASS };
  const volume = await journal.byRole(`volume:${disk.key}`);
  if (!volume?.externalId) throw new GutsError('internal', `the journal has no volume for ${disk.label}`);
  const spec = { volumeId: volume.externalId };
  const attached = await journal.ensure(destination, 'attachment', `attachment:${disk.key}`, spec, signal);
  const fresh = volume.data['written'] !== true;
  if (fresh) {
    // Of another volume in this role, if there are any.
    await journal.dropCheckpoints(disk.key);
    await journal.remember(volume, { written: true });
  }
  const writer = await destination.openVolumeWriter(attached.data, disk.capacityBytes, { fresh }, signal);
  try {
    if (source.kind !== 'reader' || !writer.capabilities.randomAccess) {
      const result = await copy(writer);
      await journal.dropCheckpoints(disk.key);
      const chunks = await storeManifest(journal, at, result.manifest);
      return { target: volume.externalId, chunks, result };
    }
    const resume = fresh ? undefined : await resumption(journal, at);
    const onCheckpoint = (checkpoint: CopyCheckpoint): Promise<void> => storePiece(journal, at, checkpoint);
    const result = await context.pausable((pause) =>
      copy(writer, { pause, checkpointBytes, onCheckpoint, ...(resume ? { resume } : {}) }),
    );
    const { pieces: _stored, ...chunks } = result.manifest;
    return { target: volume.externalId, chunks, result };
  } finally {
    await writer.close();
  }
}

async function send(upload: ImageUpload, copy: Copy) {
  try {
    const result = await copy(upload.writer);
    await upload.writer.close();
    return { result, sent: await upload.done };
  } catch (error) {
    // The upload's own failure says more than the writer's broken pipe; both are settled before we go on.
    await upload.writer.close().catch(() => undefined);
    await upload.done.catch((cause: unknown) => {
      if (cause instanceof GutsError) throw cause;
    });
    throw error;
  }
}

/** Sends an image in one pass; for a volume that this worker does not reach, the volume is then made from it. */
async function toImage(
  context: StepContext,
  plan: TargetPlan,
  disk: TargetDisk,
  areas: readonly Extent[] | null,
  copy: Copy,
): Promise<PassManifest & { result: CopyResult }> {
  const { destination, journal, migration, signal } = context;
  const role = `image:${disk.key}`;
  // A volume that is a clone of its image holds it.
  const made = disk.target === 'volume' ? await journal.byRole(`volume:${disk.key}`) : null;
  if (made) await journal.discard(destination, made, signal);
  const stale = await journal.byRole(role);
  // An image takes its bytes once: one left from an attempt that did not end is made anew.
  if (stale) await journal.discard(destination, stale, signal);
  const format: 'raw' | 'qcow2' = areas ? 'qcow2' : 'raw';
  const spec = {
    name: diskName(plan.serverName, disk),
    format,
    minDiskGiB: disk.sizeGiB,
    properties: disk.boot ? plan.properties : {},
  };
  const image = await journal.ensure(destination, 'image', role, spec, signal);
  const stop = new AbortController();
  const upload = destination.uploadImage(image.externalId, {
    format,
    size: disk.capacityBytes,
    areas,
    // Nobody would compare it.
    sha512: migration.spec.policies.verifyData !== 'off',
    signal: AbortSignal.any([signal, stop.signal]),
  });
  const abortable = async (target: DiskWriter): Promise<CopyResult> => {
    try {
      return await copy(target);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const { result, sent } = await send(upload, abortable);
  await journal.dropCheckpoints(disk.key);
  const chunks = await storeManifest(journal, { diskKey: disk.key, pass: FULL_PASS }, result.manifest);
  const filled = { chunks, upload: { format, ...sent }, result };
  if (disk.target === 'image') return { target: image.externalId, ...filled };
  const { name } = spec;
  const { sizeGiB, volumeType } = disk;
  const { availabilityZone } = plan;
  const wanted = { name, sizeGiB, volumeType, availabilityZone, imageId: image.externalId };
  const volume = await journal.ensure(destination, 'volume', `volume:${disk.key}`, wanted, signal);
  return { target: volume.externalId, ...filled };
}

async function copyOne(
  context: StepContext,
  plan: TargetPlan,
  disk: TargetDisk,
  open: OpenDisk,
  session: DiskSession,
  areas: readonly Extent[] | null,
  content: ReadContent,
  board: ProgressBoard,
): Promise<void> {
  const { migration, journal, copier, clock, log, signal } = context;
  const startedAt = new Date(clock.now()).toISOString();
  board.update(disk.key, { state: 'copying', bytesDone: 0, bytesTotal: disk.capacityBytes });
  const onRetry = ({ error, attempt, pause }: { error: unknown; attempt: number; pause: number }): void =>
    log.warn({ err: error, disk: disk.key, attempt, pause }, 'a request of the copy is made again');
  const copy: Copy = (target, more) =>
    copier.copy({
      ...more,
      source: open.source,
      target,
      signal,
      onRetry,
      onProgress: (progress) => {
        board.update(disk.key, progress);
        session.progress(board.fraction());
      },
    });
  const begun: DiskPass = {
    migrationId: migration.id,
    diskKey: disk.key,
    number: FULL_PASS,
    kind: 'full',
    transport: session.transport,
    capacityBytes: disk.capacityBytes,
    bytesRead: 0,
    bytesWritten: 0,
    changeId: null,
    trackingUuid: null,
    snapshotRef: null,
    manifest: content,
    verification: null,
    startedAt,
    finishedAt: null,
  };
  await journal.putPass(begun);
  const { result, ...manifest } = (await writesDirectly(context, disk))
    ? await toVolume(context, disk, open.source, copy)
    : await toImage(context, plan, disk, areas ?? (await areasOf(open.source, signal)), copy);
  const { bytesRead, bytesWritten } = result;
  const finishedAt = new Date(clock.now()).toISOString();
  await journal.putPass({
    ...begun,
    bytesRead,
    bytesWritten,
    manifest: { ...content, ...manifest },
    finishedAt,
  });
  board.update(disk.key, {
    state: 'copied',
    bytesDone: disk.capacityBytes,
    bytesRead,
    bytesWritten,
  });
}

/** Disks whose pass ended and whose bytes are still there. */
async function finished({ journal }: StepContext, plan: TargetPlan): Promise<ReadonlySet<string>> {
  const live = new Map((await journal.liveArtifacts()).map(({ role, externalId }) => [role, externalId]));
  const passes = new Map((await journal.passes()).map((pass) => [pass.diskKey, pass]));
  const done = plan.disks.filter(({ key, target }) => {
    const pass = passes.get(key);
    const holder = (pass?.manifest as Partial<PassManifest> | undefined)?.target;
    return (
      pass && pass.finishedAt !== null && holder !== undefined && holder === live.get(`${target}:${key}`)
    );
  });
  return new Set(done.map((disk) => disk.key));
}

export async function transfer(context: StepContext): Promise<StepResult> {
  const { source, migration, journal, clock, signal } = context;
  const { plan } = preflightOutput(context);
  const state = await source.powerState(migration.instanceRef, signal);
  if (state !== 'off') {
    throw new GutsError('source_power', `the source is ${state}: a cold copy reads a machine that is off`, {
      remedy: 'Somebody started it during the migration. Stop it and retry.',
    });
  }
  await assertSameDisks(context);
  // Before anything is read, also the map of what is to be read.
  const contents = await readContents(context);
  await forgetWritten(context, plan.disks, contents, FULL_PASS);
  const done = await unmakeServer(context, plan.disks, await finished(context, plan));
  const disks = plan.disks.filter((disk) => !done.has(disk.key));
  if (disks.length === 0) return { status: 'done', note: 'every disk was copied before' };
  const areas = await readAreas(context, disks);
  const keys = disks.map((disk) => disk.key);
  const board = new ProgressBoard(journal, clock, await journal.disks());
  const transport = await withSourceDisks(context, keys, areas, async (session) => {
    // One disk's failure stops the others at once: they are one machine.
    const failed = new AbortController();
    const shared = { ...context, signal: AbortSignal.any([signal, failed.signal]) };
    await eachAtMost(DISKS_AT_ONCE, disks, async (disk) => {
      const open = diskOf(session, disk);
      try {
        const content = contents.get(disk.key);
        const read = content === undefined ? {} : { content };
        await copyOne(shared, plan, disk, open, session, areas.get(disk.key) ?? null, read, board);
      } catch (error) {
        // One that was paused has left its checkpoint: the others do so, too.
        if (!(error instanceof HandOver)) failed.abort(error);
        throw error;
      } finally {
        // It may hold a connection that another disk has a use for.
        await open.source.close();
      }
    });
    await board.flush();
    await assertUnwritten(context, plan.disks, contents);
    return session.transport;
  });
  const read = (await journal.passes()).reduce((sum, pass) => sum + pass.bytesRead, 0);
  return {
    status: 'done',
    output: { bytesRead: read },
    note: `${counted(disks.length, 'disk')} by ${transport}`,
  };
}
