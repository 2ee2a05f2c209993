import { randomBytes } from 'node:crypto';
import { loadCloud, OpenStackSession } from '../src/index.ts';

/** The cloud that GUTS_TEST_CLOUD_FILE and GUTS_TEST_CLOUD name: a project member's; null: none is named. */
export function namedCloud(): { readonly file: string; readonly cloud: string } | null {
  const file = process.env['GUTS_TEST_CLOUD_FILE'];
  return file ? { file, cloud: process.env['GUTS_TEST_CLOUD'] ?? 'lab-demo' } : null;
}

export function openNamed(
  { file, cloud }: { readonly file: string; readonly cloud: string },
  signal: AbortSignal,
): Promise<OpenStackSession> {
  return OpenStackSession.open(loadCloud({ cloud, env: { OS_CLIENT_CONFIG_FILE: file } }), { signal });
}

/** What a test made, undone backwards, also when it failed. */
export class Leftovers {
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly prefix = `guts-test-${randomBytes(4).toString('hex')}`;

  add(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** @throws AggregateError of what could not be undone; everything was tried */
  async clear(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).toReversed()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  }
}

/** A network of the project's own with one subnet, where a member may choose MAC and address. */
export async function ownNetwork(
  session: OpenStackSession,
  leftovers: Leftovers,
  signal: AbortSignal,
): Promise<{ readonly networkId: string; readonly subnetId: string }> {
  const post = (path: string, json: unknown): Promise<unknown> =>
    session.call('network', { method: 'POST', path, json, signal });
  const { network } = (await post('/networks', { network: { name: leftovers.prefix } })) as {
    network: { id: string };
  };
  leftovers.add(() => session.call('network', { method: 'DELETE', path: `/networks/${network.id}`, signal }));
  const { subnet } = (await post('/subnets', {
    subnet: { network_id: network.id, name: leftovers.prefix, cidr: '10.99.7.0/24', ip_version: 4 },
  })) as { subnet: { id: string } };
  return { networkId: network.id, subnetId: subnet.id };
}

/** Bytes in pieces, made as they are asked for. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

export async function collectBytes(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
