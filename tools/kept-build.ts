/** What was built before of the same sources, kept for the next build; builds at once do not disturb each other. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';

/** Before the folder of a build that is not finished; the others are named by their digests. */
const UNFINISHED = 'unfinished.';
/** A build that takes longer has died; milliseconds. */
const DEAD_MS = 3600_000;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** @returns false: it is not there, or was taken away meanwhile by a build of other sources */
function copyKept(made: string, folder: string): boolean {
  if (!existsSync(made)) return false;
  try {
    cpSync(made, folder, { recursive: true });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return false;
  }
}

/** Others may have built the same meanwhile: theirs is as good. */
function publish(files: string, made: string): void {
  try {
    renameSync(files, made);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error) ?? '') || !existsSync(made)) throw error;
  }
}

/** Takes away what was made of other sources, and what builds left that died. */
function clean(kept: string, digest: string, now: number): void {
  for (const name of readdirSync(kept)) {
    if (name === digest) continue;
    const path = join(kept, name);
    const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now);
    if (!name.startsWith(UNFINISHED) || age > DEAD_MS) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Puts into a folder what was made of sources, making it unless it is kept.
 * @param kept folder of what was made before, of the newest sources only
 * @param digest of the sources, and all that the result depends on
 * @param make builds into the empty folder that it is given
 */
export async function keptBuild(
  kept: string,
  digest: string,
  folder: string,
  make: (into: string) => Promise<void>,
): Promise<void> {
  const made = join(kept, digest);
  if (copyKept(made, folder)) return;
  mkdirSync(kept, { recursive: true });
  // Of this build alone: several of one process may run at once, too.
  const unfinished = mkdtempSync(join(kept, UNFINISHED));
  // Below it, and with the rights that folders have here: it is its maker's alone.
  const files = join(unfinished, 'files');
  mkdirSync(files);
  try {
    await make(files);
    // From there: what is kept may be taken away by another build at any time.
    cpSync(files, folder, { recursive: true });
    publish(files, made);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  clean(kept, digest, Date.now());
}
