/** Transfers: how a volume changes its project. */
import { randomBytes, randomUUID } from 'node:crypto';
import { badRequest, notFound } from '../http/api-error.ts';
import { objectIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { microTime, projectOf, type World } from '../world.ts';
import { refuseOverQuota } from './quotas.ts';
import { findVolume } from './find.ts';
import type { Transfer, Volume } from './state.ts';

function transferView(transfer: Transfer): Record<string, unknown> {
  return {
    id: transfer.id,
    name: transfer.name,
    volume_id: transfer.volumeId,
    created_at: microTime(transfer.createdAt),
    links: [],
  };
}

const unknown = (id: string): Error => notFound(`Transfer ${id} could not be found.`);

/** The transfer and its volume; anybody may accept, but see and withdraw only the volume's owner. */
function find(world: World, call: Call, anybody: boolean): { transfer: Transfer; volume: Volume } {
  const id = param(call, 'id');
  const transfer = world.volumes.transfers.get(id);
  const volume = transfer && world.volumes.volumes.get(transfer.volumeId);
  if (!transfer || !volume) throw unknown(id);
  if (!anybody && volume.projectId !== projectOf(call.token) && !isAdmin(call.token)) throw unknown(id);
  return { transfer, volume };
}

async function create(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'transfer');
  const volume = findVolume(world, call, requiredText(wanted, 'volume_id'));
  if (volume.status !== 'available')
    throw badRequest(`Invalid volume: status must be available, it is ${volume.status}.`);
  const transfer: Transfer = {
    id: randomUUID(),
    name: textIn(wanted, 'name') ?? '',
    volumeId: volume.id,
    authKey: randomBytes(8).toString('hex'),
    createdAt: Date.now(),
  };
  volume.status = 'awaiting-transfer';
  world.volumes.transfers.set(transfer.id, transfer);
  return { status: 202, json: { transfer: { ...transferView(transfer), auth_key: transfer.authKey } } };
}

async function accept(world: World, call: Call): Promise<Reply> {
  const key = textIn(objectIn(await call.json(), 'accept'), 'auth_key');
  const { transfer, volume } = find(world, call, true);
  if (key !== transfer.authKey)
    throw badRequest(`Invalid auth key: Attempt to transfer ${transfer.id} with invalid auth key.`);
  const projectId = projectOf(call.token);
  refuseOverQuota(world, projectId, volume.size);
  world.volumes.transfers.delete(transfer.id);
  volume.projectId = projectId;
  volume.status = 'available';
  volume.updatedAt = Date.now();
  return { status: 202, json: { transfer: transferView(transfer) } };
}

/** The older path, and the one of 3.55. */
export function transferRoutes(world: World): Service['routes'] {
  return [
    ...transferRoutesAt(world, '/v3/os-volume-transfer', 0),
    ...transferRoutesAt(world, '/v3/volume-transfers', 55),
  ];
}

function transferRoutesAt(world: World, path: string, since: number): Service['routes'] {
  const list = (call: Call): Reply => {
    const seen = [...world.volumes.transfers.values()].filter((one) => {
      const volume = world.volumes.volumes.get(one.volumeId);
      return volume?.projectId === projectOf(call.token);
    });
    return { status: 200, json: { transfers: seen.map(transferView) } };
  };
  const show = (call: Call): Reply => ({
    status: 200,
    json: { transfer: transferView(find(world, call, false).transfer) },
  });
  const withdraw = (call: Call): Reply => {
    const { transfer, volume } = find(world, call, false);
    world.volumes.transfers.delete(transfer.id);
    volume.status = 'available';
    return { status: 202 };
  };
  return [
    route('GET', path, list, { since }),
    route('GET', `${path}/detail`, list, { since }),
    route('POST', path, (call) => create(world, call), { since }),
    route('GET', `${path}/:id`, show, { since }),
    route('DELETE', `${path}/:id`, withdraw, { since }),
    route('POST', `${path}/:id/accept`, (call) => accept(world, call), { since }),
  ];
}
