import { link, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startVcsim } from '../../../lab/real/test/support/vcsim.ts';
import { atLeast, type Bench, run, speed } from '../bench.ts';
import { madeStreamVmdk } from '../stream-vmdk.ts';
import { loginFile } from '../way-of-2016.ts';
import { datastoreOf, environmentOf } from '../vcsim.ts';

/** Takes everything and keeps nothing, hashes nothing. */
async function startSink(): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    request.on('data', () => undefined).on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/image`, stop: () => server.close() };
}

export const exportToSink: Bench = {
  number: 3,
  title: 'Export as qcow2 into a sink that does not hash',
  async open(parts) {
    const { ours, map, folder } = parts;
    const vmdk = await madeStreamVmdk(parts);
    const vcsim = await startVcsim(1);
    const sink = await startSink();
    try {
      const datastore = join(await datastoreOf(), 'bench');
      await mkdir(datastore);
      await link(vmdk, join(datastore, 'bench.vmdk'));
      const url = `${vcsim.url}/folder/bench/bench.vmdk?dcPath=DC0&dsName=LocalDS_0`;
      const [down, converted] = [join(folder, 'down.vmdk'), join(folder, 'down.qcow2')];
      const login = await loginFile(vcsim, folder);
      const clean = async (): Promise<void> => {
        await rm(down, { force: true });
        await rm(converted, { force: true });
      };
      const measured = await run(parts, [
        {
          name: 'guts, in one pass',
          command: `${ours} export '${url}' ${map} ${sink.url}`,
          env: environmentOf(vcsim),
        },
        {
          name: 'download, qemu-img convert, upload (2016)',
          command: `curl -skf -K ${login} -o ${down} '${url}' && qemu-img convert -f vmdk -O qcow2 ${down} ${converted} && curl -sf -T ${converted} ${sink.url}`,
          prepare: clean,
          check: clean,
        },
      ]);
      return { measured, goals: [atLeast('times as fast', speed(measured, 0, 1), 2.5)] };
    } finally {
      sink.stop();
      await vcsim.stop();
    }
  },
};
