const CLUSTER = 65_536;

/** Reads a qcow2 as its description says, knowing nothing of the writer; counts every cluster's uses. */
export function readQcow2(file: Buffer): { disk: Buffer; uses: Map<number, number> } {
  const number = (at: number): number => Number(file.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n);
  const size = Number(file.readBigUInt64BE(24));
  const disk = Buffer.alloc(size);
  const uses = new Map<number, number>();
  const use = (at: number): void => void uses.set(at / CLUSTER, (uses.get(at / CLUSTER) ?? 0) + 1);
  use(0);
  const table = number(48);
  for (let cluster = 0; cluster < file.readUInt32BE(56); cluster += 1) {
    use(table + cluster * CLUSTER);
    for (let entry = 0; entry < 8192; entry += 1) {
      const block = number(table + cluster * CLUSTER + entry * 8);
      if (block) use(block);
    }
  }
  const l1 = number(40);
  const l1Size = file.readUInt32BE(36);
  for (let cluster = 0; cluster < Math.max(1, Math.ceil(l1Size / 8192)); cluster += 1)
    use(l1 + cluster * CLUSTER);
  for (let i = 0; i < l1Size; i += 1) {
    const l2 = number(l1 + i * 8);
    if (!l2) continue;
    use(l2);
    for (let j = 0; j < 8192; j += 1) {
      const data = number(l2 + j * 8);
      if (!data) continue;
      use(data);
      file.copy(disk, (i * 8192 + j) * CLUSTER, data, data + CLUSTER);
    }
  }
  return { disk, uses };
}
