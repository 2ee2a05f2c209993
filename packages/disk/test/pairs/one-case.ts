import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChunkManifest,
  type ChunkThreads,
  copyDisk,
  type CopyBudget,
  type CopyCheckpoint,
  CopyMemory,
  CopyRate,
  type CopyResult,
  type DiskReader,
  type DiskStream,
  type Extent,
  NbdError,
} from '../../src/index.ts';
import { dice, type Dice } from '../dice.ts';
import { swift } from '../swift-clock.ts';
import { assertCopied, assertMended } from './judge.ts';
import { assertNothingLeft, busyWith } from './leaks.ts';
import type { CasePlan } from './plan.ts';
import { makeDisk } from './random-disk.ts';
import type { Source, SourceKind } from './sources.ts';
import type { Target, TargetKind } from './targets.ts';
import { type Ending, Injected, Trouble } from './trouble.ts';

/** What a case went through. */
export interface CaseOutcome {
  readonly attempts: number;
  /** Of them, how many went on behind a checkpoint. */
  readonly resumed: number;
  /** The destination was damaged, and mended. */
  readonly mended: boolean;
}

/** More attempts than any case needs: its endings, and connections that are cut. */
const MOST_ATTEMPTS = 30;

/** Where data may be, by the reader's own map or by whoever else knows it; null: nobody does. */
async function areasOf(source: Source, reader: DiskReader | DiskStream): Promise<readonly Extent[] | null> {
  if (reader.kind !== 'reader' || !reader.capabilities.knowsMap) return source.areas?.() ?? null;
  const areas: Extent[] = [];
  for await (const { kind, offset, length } of reader.extents(new AbortController().signal))
    if (kind === 'data') areas.push({ offset, length });
  return areas;
}

class Case {
  readonly disk: Buffer;
  readonly source: Source;
  readonly target: Target;
  readonly plan: CasePlan;
  readonly chance: Dice;
  readonly memory: CopyMemory;
  readonly budget: CopyBudget;
  /** As a worker has it in its database; text, for that is all that a database gives back. */
  #checkpoints: string[] = [];
  #written = false;
  #resumed = 0;
  /** Of the attempt under way: whether it can be gone on with, and the bytes that it said were done. */
  #resumable = false;
  #told = 0;

  constructor(
    plan: CasePlan,
    disk: Buffer,
    source: Source,
    target: Target,
    threads: ChunkThreads,
    chance: Dice,
  ) {
    this.plan = plan;
    this.disk = disk;
    this.source = source;
    this.target = target;
    this.chance = chance;
    this.memory = new CopyMemory(plan.memoryChunks * plan.chunkSize);
    this.budget = {
      memory: this.memory,
      rate: new CopyRate(null, swift),
      threads: plan.threads ? threads : undefined,
    };
  }

  /** The target was opened to be written to. */
  get written(): boolean {
    return this.#written;
  }
  get resumed(): number {
    return this.#resumed;
  }

  #stored(): CopyCheckpoint[] {
    return this.#checkpoints.map((text) => JSON.parse(text) as CopyCheckpoint);
  }

  trouble(ending: Ending | undefined): Trouble {
    const { source, target } = this;
    const strike = (): void => {
      source.strike?.();
      target.strike?.();
    };
    const { hiccups, cuts, chunkSize, checkpointChunks } = this.plan;
    const from = this.#stored().at(-1)?.bytesDone ?? 0;
    return new Trouble({
      ending,
      chunks: Math.ceil((this.disk.length - from) / chunkSize),
      checkpointChunks,
      hiccups,
      strike: source.strike || target.strike ? strike : undefined,
      cuts: cuts.length > 0,
      chance: this.chance,
    });
  }

  /** Resolves with the manifest; null: it ended as it was meant to, before the copy did. */
  async attempt(ending: Ending | undefined): Promise<ChunkManifest | null> {
    const trouble = this.trouble(ending);
    const from = this.#stored().at(-1)?.bytesDone ?? 0;
    let reader: DiskReader | DiskStream | undefined;
    let result: CopyResult | undefined;
    try {
      const source = await trouble.calmly(() => this.source.open(trouble, from));
      reader = source;
      const areas = await trouble.calmly(() => areasOf(this.source, source));
      const open = await trouble.calmly(() => this.target.open(trouble, from, !this.#written, areas));
      this.#written = true;
      try {
        const resumable = source.kind === 'reader' && open.writer.capabilities.randomAccess;
        result = await this.#copy(source, open.writer, trouble, resumable);
        await open.finish();
      } finally {
        assert.equal(trouble.running, 0);
        assert.equal(this.memory.used, 0);
        await open.close();
      }
    } catch (error) {
      trouble.assertMeant(error);
      // What was asked to end the copy ended it, unless a connection that was cut had done so.
      if (trouble.stop.signal.aborted && !(error instanceof NbdError))
        assert.equal(error, trouble.stop.signal.reason);
      if (error === trouble.pause.signal.reason) this.#assertPaused();
      return null;
    } finally {
      await reader?.close();
      assert.equal(trouble.running, 0);
    }
    return result.manifest;
  }

  /** A copy that was paused has left all that it did behind a checkpoint. */
  #assertPaused(): void {
    if (this.#resumable) assert.equal(this.#stored().at(-1)?.bytesDone ?? 0, this.#told);
  }

  async #copy(
    source: DiskReader | DiskStream,
    target: Parameters<typeof copyDisk>[0]['target'],
    trouble: Trouble,
    resumable: boolean,
  ): Promise<CopyResult> {
    const { chunkSize, checkpointChunks, depth } = this.plan;
    const stored = this.#stored();
    const [first] = stored;
    const from = stored.at(-1)?.bytesDone ?? 0;
    if (first) this.#resumed += 1;
    this.#resumable = resumable;
    this.#told = from;
    const result = await copyDisk({
      source,
      target,
      chunkSize,
      signal: trouble.stop.signal,
      depth: { first: depth, most: depth },
      budget: this.budget,
      retry: { pauses: [0, 0, 0, 0, 0, 0, 0, 0], stallSeconds: 120 },
      clock: swift,
      onProgress: ({ bytesDone, bytesTotal }) => {
        assert.ok(bytesDone > this.#told);
        assert.equal(bytesTotal, this.disk.length);
        this.#told = bytesDone;
        trouble.moment();
      },
      ...(resumable
        ? {
            pause: trouble.pause.signal,
            checkpointBytes: checkpointChunks * chunkSize,
            checkpointSeconds: 3600,
            onCheckpoint: (checkpoint) => this.#store(checkpoint, trouble),
            ...(first
              ? { resume: { chunkSize, key: first.key, pieces: stored.map(({ piece }) => piece) } }
              : {}),
          }
        : {}),
    });
    assert.equal(this.#told, this.disk.length);
    assert.equal(result.bytesWritten + result.bytesZero, this.disk.length - from);
    assert.ok(result.bytesRead <= this.disk.length - from);
    // The pieces that were stored are the manifest.
    if (resumable)
      assert.deepEqual(
        result.manifest.pieces,
        this.#stored().map(({ piece }) => piece),
      );
    return result;
  }

  async #store(checkpoint: CopyCheckpoint, trouble: Trouble): Promise<void> {
    const broken = trouble.due('checkpoint');
    const arrives = !broken || this.chance.roll(2) === 0;
    await trouble.during(() => new Promise((resolve) => setImmediate(resolve)));
    if (arrives) this.#checkpoints.push(JSON.stringify(checkpoint));
    if (broken) throw new Injected('the database is away');
  }
}

/** Copies a random disk by as many attempts as it takes, and judges what came of it. */
export async function runCase(
  sourceKind: SourceKind,
  targetKind: TargetKind,
  plan: CasePlan,
  threads: ChunkThreads,
  folder: string,
): Promise<CaseOutcome> {
  const before = busyWith();
  const sectors = sourceKind.sectors || targetKind.sectors;
  const size = sectors ? Math.ceil(plan.size / 512) * 512 : plan.size;
  const disk = makeDisk(size, plan.shape, plan.seed);
  const chance = dice(plan.seed);
  const own = join(folder, `case-${plan.seed}`);
  await mkdir(join(own, 'source'), { recursive: true });
  await mkdir(join(own, 'target'));
  const { map, cuts, extra } = plan;
  const source = await sourceKind.make({ disk, folder: join(own, 'source'), chance, map, cuts });
  const target = await targetKind.make({ size, extra, folder: join(own, 'target'), chance, cuts });
  try {
    const one = new Case(plan, disk, source, target, threads, chance);
    let manifest: ChunkManifest | null = null;
    let attempts = 0;
    while (!manifest) {
      assert.ok(attempts < MOST_ATTEMPTS);
      manifest = await one.attempt(plan.endings[attempts]);
      attempts += 1;
      if (!manifest && one.written) await target.crash();
    }
    await assertCopied(one, manifest);
    const mended = await assertMended(one, manifest);
    return { attempts, resumed: one.resumed, mended };
  } finally {
    await source.stop();
    await target.stop();
    await assertNothingLeft(own, before);
    await rm(own, { recursive: true });
  }
}
