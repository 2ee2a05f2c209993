import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RealCloud } from '../../../lab/real/test/support/cloud.ts';
import { CLOUDS_FILE } from '../../../lab/real/test/support/lab.ts';
import { startVcsim, type Vcsim } from '../../../lab/real/test/support/vcsim.ts';
import { atLeast, type Bench, type BenchParts, run, speed } from '../bench.ts';
import { madeStreamVmdk } from '../stream-vmdk.ts';
import { environmentOf2016, exportUrl, loginFile, wayOf2016 } from '../way-of-2016.ts';
import { datastoreOf, environmentOf } from '../vcsim.ts';

async function startSink(): Promise<{ readonly url: string; stop(): void }> {
  const sink = spawn('python3', [join(import.meta.dirname, '../sink.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(sink, 'close').then(() => Promise.reject(new Error('the sink does not start')));
  const [port] = (await Promise.race([once(sink.stdout, 'data'), ended])) as [Buffer];
  ended.catch(() => undefined); // It ends when it is stopped.
  return { url: `http://127.0.0.1:${String(port).trim()}/image`, stop: () => sink.stdin.end() };
}

/** vcsim with the test disk's export on its datastore, while it is worked with. */
async function withExport<T>(parts: BenchParts, work: (vcsim: Vcsim, url: string) => Promise<T>): Promise<T> {
  const vmdk = await madeStreamVmdk(parts);
  const vcsim = await startVcsim(1);
  try {
    const datastore = join(await datastoreOf(), 'bench');
    await mkdir(datastore);
    await link(vmdk, join(datastore, 'bench.vmdk'));
    return await work(vcsim, exportUrl(vcsim));
  } finally {
    await vcsim.stop();
  }
}

/**
 * What is sent is digested for the comparison with what Glance says that it has stored. The sink says nothing, and
 * nothing is digested then, as where verify_data is off; what it costs is measured beside it.
 */
export const exportToSink: Bench = {
  number: 3,
  title: 'Export as qcow2 into a sink that does not hash',
  open: (parts) =>
    withExport(parts, async (vcsim, url) => {
      const { ours, map, folder } = parts;
      const sink = await startSink();
      const [down, converted] = [join(folder, 'down.vmdk'), join(folder, 'down.qcow2')];
      const login = await loginFile(vcsim, folder);
      const clean = async (): Promise<void> => {
        await rm(down, { force: true });
        await rm(converted, { force: true });
      };
      const measured = await run(parts, [
        {
          name: 'guts, in one pass, as with verify_data off',
          command: `${ours} export '${url}' ${map} ${sink.url}`,
          env: environmentOf(vcsim),
        },
        {
          name: 'guts, in one pass, and SHA-512 of what is sent',
          command: `${ours} export '${url}' ${map} ${sink.url} sha512`,
          env: environmentOf(vcsim),
        },
        {
          name: 'download, qemu-img convert, upload (2016)',
          command: `curl -skf -K ${login} -o ${down} '${url}' && qemu-img convert -f vmdk -O qcow2 ${down} ${converted} && curl -sf -T ${converted} ${sink.url}`,
          prepare: clean,
          check: clean,
        },
      ]).finally(() => sink.stop());
      return {
        measured,
        goals: [
          atLeast('times as fast', speed(measured, 0, 2), 2.5),
          atLeast('times as fast with SHA-512', speed(measured, 1, 2), 2.5),
        ],
      };
    }),
};

const CLOUD = 'lab';

/** Glance hashes everything twice, which costs it more than all else costs us. */
export const exportToGlance: Bench = {
  number: 3,
  title: 'Export as qcow2 into the real Glance, until the image is active',
  open: (parts) =>
    withExport(parts, async (vcsim, url) => {
      const { ours, map, folder } = parts;
      const cloud = await RealCloud.open(CLOUD);
      const before = await cloud.holdings();
      const check = (): Promise<void> => cloud.removeNew(before);
      const measured = await run(
        parts,
        [
          {
            name: 'guts, in one pass',
            command: `${ours} image '${url}' ${map} ${CLOUD}`,
            env: { ...environmentOf(vcsim), OS_CLIENT_CONFIG_FILE: CLOUDS_FILE },
            check,
          },
          {
            name: 'download, qemu-img convert, upload (2016)',
            command: wayOf2016(vcsim, folder),
            env: await environmentOf2016(vcsim, folder, CLOUD),
            check,
          },
        ],
        Math.min(3, parts.rounds),
      );
      return { measured, goals: [atLeast('times as fast', speed(measured, 0, 1), 1.5)] };
    }),
};
