import { assertBytes } from '../bounds.ts';
import { DiskUsageError } from '../errors.ts';
import { alignExtents } from '../extents.ts';
import { DiskMapError } from '../map.ts';
import type { Extent } from '../types.ts';

/** Numbers of qcow2 (QEMU, docs/interop/qcow2.txt) for clusters of 64 KiB and refcounts of 16 bits. */
export const CLUSTER = 64 * 1024;
export const ENTRIES = CLUSTER / 8;
export const REFCOUNTS = CLUSTER / 2;

/** A run of guest clusters which the image stores. */
export interface ClusterRun {
  readonly first: number;
  readonly count: number;
}

/** Where everything in the image lies, in clusters of the file; in this order, without holes. */
export interface Qcow2Layout {
  readonly size: number;
  readonly runs: readonly ClusterRun[];
  readonly tableClusters: number;
  readonly blockClusters: number;
  readonly l1Entries: number;
  readonly l1Start: number;
  readonly l1Clusters: number;
  /** L1 indexes that have an L2 table, ascending. */
  readonly l2Indexes: readonly number[];
  readonly l2Start: number;
  readonly dataStart: number;
  readonly totalClusters: number;
}

/** Lays out an image that stores the clusters touched by `dataExtents` and nothing else. */
export function qcow2Layout(size: number, dataExtents: Iterable<Extent>): Qcow2Layout {
  assertBytes(size, 'size');
  if (size === 0 || size % 512 !== 0)
    throw new DiskUsageError(`the size of a qcow2 image is a multiple of 512 bytes, not ${size}`);
  const runs: ClusterRun[] = [];
  for (const { offset, length } of alignExtents(checked(dataExtents, size), CLUSTER, size))
    runs.push({ first: offset / CLUSTER, count: Math.ceil(length / CLUSTER) });
  const dataClusters = runs.reduce((sum, { count }) => sum + count, 0);

  const l1Entries = Math.ceil(size / (CLUSTER * ENTRIES));
  const l1Clusters = Math.ceil(l1Entries / ENTRIES);
  const l2Indexes = tablesTouched(runs);

  // Refcount blocks count themselves and their table, so their number is found by repetition; it only grows.
  const rest = 1 + l1Clusters + l2Indexes.length + dataClusters;
  let tableClusters = 1;
  let blockClusters = 1;
  for (;;) {
    const blocks = Math.ceil((rest + tableClusters + blockClusters) / REFCOUNTS);
    const tables = Math.ceil(blocks / ENTRIES);
    if (blocks <= blockClusters && tables <= tableClusters) break;
    blockClusters = Math.max(blockClusters, blocks);
    tableClusters = Math.max(tableClusters, tables);
  }
  const l1Start = 1 + tableClusters + blockClusters;
  const l2Start = l1Start + l1Clusters;
  const dataStart = l2Start + l2Indexes.length;
  const totalClusters = dataStart + dataClusters;
  return {
    size,
    runs,
    tableClusters,
    blockClusters,
    l1Entries,
    l1Start,
    l1Clusters,
    l2Indexes,
    l2Start,
    dataStart,
    totalClusters,
  };
}

function* checked(extents: Iterable<Extent>, size: number): Generator<Extent> {
  for (const extent of extents) {
    if (extent.length > size - extent.offset)
      throw new DiskMapError(
        `the map has data up to byte ${extent.offset + extent.length}, but the disk has ${size} bytes`,
      );
    yield extent;
  }
}

function tablesTouched(runs: readonly ClusterRun[]): number[] {
  const indexes: number[] = [];
  for (const { first, count } of runs) {
    const last = Math.floor((first + count - 1) / ENTRIES);
    for (
      let index = Math.max(Math.floor(first / ENTRIES), (indexes.at(-1) ?? -1) + 1);
      index <= last;
      index += 1
    )
      indexes.push(index);
  }
  return indexes;
}
