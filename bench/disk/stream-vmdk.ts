import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchParts } from './bench.ts';

/** The test disk as an export lease gives it, made by qemu-img unless it is there (minutes). */
export async function madeStreamVmdk({ folder, disk, print }: BenchParts): Promise<string> {
  const vmdk = join(folder, 'disk.vmdk');
  const [made, from] = [await stat(vmdk).catch(() => null), await stat(disk)];
  if (made && made.mtimeMs > from.mtimeMs) return vmdk;
  print('    making the streamOptimized VMDK');
  const partial = `${vmdk}.partial`;
  const options = ['-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized'];
  const child = spawn('qemu-img', ['convert', ...options, disk, partial], { stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error('qemu-img failed');
  await rename(partial, vmdk);
  return vmdk;
}
