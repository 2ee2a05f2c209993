import { spawn } from 'node:child_process';
import { openNbdkitReader } from '@guts/disk';
import { commandFor } from './vddk.ts';

/** Reads a disk again and again, as a worker does that will be killed: RUN-DIR PROGRAM FILE SIZE. */
const [runDir = '', program = '', file = '', size = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const reader = openNbdkitReader({
  command: commandFor(program, file),
  parts: { runDir, spawn, env: process.env },
  size: Number(size),
});
for (;;) {
  for await (const { offset, length, kind } of reader.extents(signal))
    if (kind === 'data') await reader.read(offset, new Uint8Array(Math.min(length, 65_536)), signal);
}
