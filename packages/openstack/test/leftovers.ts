import { randomBytes, randomInt } from 'node:crypto';
import { listNetworks, listSubnets, type OpenStackSession } from '../src/index.ts';

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

export interface OwnNetwork {
  readonly networkId: string;
  readonly subnetId: string;
  /** Two addresses of the subnet that are likely free. */
  readonly addresses: readonly [string, string];
}

function twoAddresses(cidr: string): [string, string] {
  const base = cidr.replace(/\.\d+\/\d+$/, '');
  const host = randomInt(20, 90);
  return [`${base}.${host}`, `${base}.${host + 1}`];
}

/** A network of the project's own, where a member may choose MAC and address: one that is there, or a new one. */
export async function ownNetwork(
  session: OpenStackSession,
  leftovers: Leftovers,
  signal: AbortSignal,
): Promise<OwnNetwork> {
  const owned = (await listNetworks(session, signal)).find((one) => one.project_id === session.project.id);
  const subnets = await listSubnets(session, signal);
  const known = subnets.find((one) => one.network_id === owned?.id && one.ip_version === 4);
  if (owned && known) return { networkId: owned.id, subnetId: known.id, addresses: twoAddresses(known.cidr) };
  const post = (path: string, json: unknown): Promise<unknown> =>
    session.call('network', { method: 'POST', path, json, signal });
  const { network } = (await post('/networks', { network: { name: leftovers.prefix } })) as {
    network: { id: string };
  };
  leftovers.add(() => session.call('network', { method: 'DELETE', path: `/networks/${network.id}`, signal }));
  const cidr = '10.99.7.0/24';
  const { subnet } = (await post('/subnets', {
    subnet: { network_id: network.id, name: leftovers.prefix, cidr, ip_version: 4 },
  })) as { subnet: { id: string } };
  return { networkId: network.id, subnetId: subnet.id, addresses: twoAddresses(cidr) };
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
