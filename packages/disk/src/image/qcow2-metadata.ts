import { CLUSTER, ENTRIES, REFCOUNTS, type Qcow2Layout } from './qcow2-layout.ts';

/** Set in L1 and L2 entries whose cluster has a refcount of exactly one (QCOW_OFLAG_COPIED). */
const COPIED = 1n << 63n;

/**
 * Everything of a qcow2 version 3 image before its data, a cluster at a time: header, refcount table, refcount
 * blocks, L1 table, L2 tables (QEMU, docs/interop/qcow2.txt). All integers are big-endian.
 */
export function* qcow2Metadata(layout: Qcow2Layout): Generator<Uint8Array> {
  yield header(layout);
  const blockStart = 1 + layout.tableClusters;
  yield* table(layout.tableClusters, layout.blockClusters, (at) => BigInt(blockStart + at) * BigInt(CLUSTER));
  yield* refcountBlocks(layout);
  yield* l1Table(layout);
  yield* l2Tables(layout);
}

function header(layout: Qcow2Layout): Uint8Array {
  const cluster = new Uint8Array(CLUSTER);
  const view = new DataView(cluster.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setUint32(20, Math.log2(CLUSTER));
  view.setBigUint64(24, BigInt(layout.size));
  view.setUint32(36, layout.l1Entries);
  view.setBigUint64(40, BigInt(layout.l1Start * CLUSTER));
  view.setBigUint64(48, BigInt(CLUSTER));
  view.setUint32(56, layout.tableClusters);
  view.setUint32(96, Math.log2(16));
  view.setUint32(100, 104);
  return cluster;
}

/** `clusters` clusters of 64-bit entries, of which the first `count` are filled. */
function* table(clusters: number, count: number, entry: (at: number) => bigint): Generator<Uint8Array> {
  for (let start = 0; start < clusters * ENTRIES; start += ENTRIES) {
    const cluster = new Uint8Array(CLUSTER);
    const view = new DataView(cluster.buffer);
    for (let at = start; at < Math.min(count, start + ENTRIES); at += 1)
      view.setBigUint64((at - start) * 8, entry(at));
    yield cluster;
  }
}

/** Every cluster of the file is used exactly once. */
function* refcountBlocks({ blockClusters, totalClusters }: Qcow2Layout): Generator<Uint8Array> {
  for (let block = 0; block < blockClusters; block += 1) {
    const cluster = new Uint8Array(CLUSTER);
    const view = new DataView(cluster.buffer);
    const used = Math.min(REFCOUNTS, totalClusters - block * REFCOUNTS);
    for (let at = 0; at < used; at += 1) view.setUint16(at * 2, 1);
    yield cluster;
  }
}

function* l1Table({ l1Clusters, l1Entries, l2Indexes, l2Start }: Qcow2Layout): Generator<Uint8Array> {
  let next = 0;
  yield* table(l1Clusters, l1Entries, (at) => {
    if (l2Indexes[next] !== at) return 0n;
    next += 1;
    return COPIED | (BigInt(l2Start + next - 1) * BigInt(CLUSTER));
  });
}

function* l2Tables({ runs, l2Indexes, dataStart }: Qcow2Layout): Generator<Uint8Array> {
  let host = dataStart;
  let run = 0;
  let within = 0;
  for (const index of l2Indexes) {
    const cluster = new Uint8Array(CLUSTER);
    const view = new DataView(cluster.buffer);
    const end = (index + 1) * ENTRIES;
    for (let current = runs[run]; current && current.first + within < end; current = runs[run]) {
      view.setBigUint64(((current.first + within) % ENTRIES) * 8, COPIED | (BigInt(host) * BigInt(CLUSTER)));
      host += 1;
      within += 1;
      if (within === current.count) {
        run += 1;
        within = 0;
      }
    }
    yield cluster;
  }
}
