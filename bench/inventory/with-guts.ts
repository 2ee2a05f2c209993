/**
 * The inventory as GUTS reads it, in a process of its own: `refresh` reads it once, `watch` follows it up to the state
 * in which all that exists has been told. Built and started by main.ts.
 * Environment: VSPHERE_URL, VSPHERE_USERNAME, VSPHERE_PASSWORD, VSPHERE_FINGERPRINT.
 * Prints how many machines there are, or with --show one line of JSON for each: what is compared with other clients.
 */
import { readInventory, toMachine, type VirtualMachine, VSphereSession, watchInventory } from '@guts/vsphere';

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const { signal } = stop;

interface Read {
  readonly machine: VirtualMachine;
  /** Properties with a value. */
  readonly paths?: readonly string[];
}

async function watched(session: VSphereSession): Promise<readonly Read[]> {
  const read: Read[] = [];
  const onError = (error: unknown): never => {
    throw error;
  };
  for await (const change of watchInventory(session, { signal, onError })) {
    if (change.type === 'parity') break;
    if (change.type === 'changed' && change.object.ref.type === 'VirtualMachine')
      read.push({ machine: toMachine(change.object), paths: [...change.object.properties.keys()] });
  }
  return read;
}

async function refreshed(session: VSphereSession): Promise<readonly Read[]> {
  const { machines } = await readInventory(session, signal);
  return machines.map((machine) => ({ machine }));
}

const session = await VSphereSession.connect({
  url: environment('VSPHERE_URL'),
  username: environment('VSPHERE_USERNAME'),
  password: environment('VSPHERE_PASSWORD'),
  tls: { fingerprint: environment('VSPHERE_FINGERPRINT') },
  signal,
});
try {
  const read = await (process.argv.includes('watch') ? watched(session) : refreshed(session));
  if (process.argv.includes('--show'))
    for (const { machine: one, paths } of read)
      process.stdout.write(
        `${JSON.stringify({
          paths: paths?.toSorted(),
          ref: one.ref.value,
          name: one.name,
          uuid: one.biosUuid,
          memoryMiB: one.memoryMiB,
          power: one.powerState,
          host: one.host?.value,
          disks: one.disks.map(({ key, capacity, fileName }) => [key, capacity, fileName]),
          nics: one.nics.map(({ key, mac }) => [key, mac]),
        })}\n`,
      );
  else process.stdout.write(`${read.length}\n`);
} finally {
  await session.logout();
}
