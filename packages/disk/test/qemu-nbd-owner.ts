/** Starts a qemu-nbd, tells its process id, and waits to be killed. Arguments: a qcow2 file, a folder. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { startQemuNbd } from '../src/qemu-nbd/child.ts';

const [path = '', folder = ''] = process.argv.slice(2);
const handle = await open(path, 'r+');
let pid = 0;
const watched = ((command: string, args: string[], options: object) => {
  const child = spawn(command, args, options);
  pid = child.pid ?? 0;
  return child;
}) as typeof spawn;
const options = { fd: handle.fd, format: 'qcow2', readOnly: false, folder, spawn: watched } as const;
await startQemuNbd(options, AbortSignal.timeout(30_000));
process.stdout.write(`${pid}\n`);
setInterval(() => undefined, 1000);
