/** What happens to a server over time: built, started, stopped, deleted. */
import { rm } from 'node:fs/promises';
import { openDisk, writeRaw } from '../disk/disk.ts';
import { complete, detach } from '../volume/attachments.ts';
import type { World } from '../world.ts';
import { consoleText } from './boot.ts';
import type { Server } from './state.ts';

const GIB = 2 ** 30;

function fail(server: Server, message: string): void {
  server.status = 'ERROR';
  server.vmState = 'error';
  server.taskState = null;
  server.updatedAt = Date.now();
  server.fault = { code: 500, message, createdAt: Date.now() };
}

/** False once its deletion has begun: whatever was under way for it then has no effect. */
const alive = (world: World, server: Server): boolean =>
  world.compute.servers.has(server.id) && server.taskState !== 'deleting';

async function makeRootDisk(world: World, server: Server): Promise<void> {
  if (server.imageId === null) return;
  const image = world.images.get(server.imageId);
  if (!image) throw new Error(`Image ${server.imageId} could not be found.`);
  const disk = await openDisk(world.imagePath(image.id), image.diskFormat ?? 'raw');
  try {
    const size = server.flavor.disk * GIB;
    if (size > 0 && disk.size > size)
      throw new Error(
        `Flavor's disk is too small for requested image. Flavor disk is ${size} bytes, image is ${disk.size} bytes.`,
      );
    await writeRaw(disk, world.rootDiskPath(server.id), Math.max(size, disk.size));
  } finally {
    await disk.close();
  }
}

export function build(world: World, server: Server, doom: string | undefined): void {
  world.timers.after(world.delays.serverBuild, async () => {
    if (!alive(world, server)) return;
    if (doom !== undefined) return fail(server, doom);
    server.taskState = 'spawning';
    try {
      await makeRootDisk(world, server);
    } catch (error) {
      return fail(server, (error as Error).message);
    }
    if (!alive(world, server)) return rm(world.rootDiskPath(server.id), { force: true });
    for (const { attachmentId } of server.volumes) {
      const attachment = world.volumes.attachments.get(attachmentId);
      if (attachment) complete(world, attachment);
    }
    start(world, server);
  });
}

/** Powers the guest on; what its console says comes a little after the server is ACTIVE. */
export function start(world: World, server: Server): void {
  server.starts += 1;
  const { starts } = server;
  // Stopped, started again or deleted meanwhile: this start is history.
  const current = (): boolean => alive(world, server) && server.starts === starts;
  server.console = '';
  world.timers.after(world.delays.serverPower, () => {
    if (!current()) return;
    server.status = 'ACTIVE';
    server.vmState = 'active';
    server.powerState = 1;
    server.taskState = null;
    server.updatedAt = Date.now();
    server.launchedAt ??= Date.now();
    for (const id of server.portIds) {
      const port = world.network.ports.get(id);
      if (port) port.status = 'ACTIVE';
    }
    world.timers.after(world.delays.guestBoot, async () => {
      if (!current()) return;
      try {
        const text = await consoleText(world, server);
        if (current()) server.console = text;
      } catch (error) {
        // A server deleted during its boot takes its disk away from under it.
        if (current()) throw error;
      }
    });
  });
}

export function stop(world: World, server: Server): void {
  server.taskState = 'powering-off';
  world.timers.after(world.delays.serverPower, () => {
    if (!alive(world, server)) return;
    server.starts += 1;
    server.status = 'SHUTOFF';
    server.vmState = 'stopped';
    server.powerState = 4;
    server.taskState = null;
    server.updatedAt = Date.now();
    server.console = '';
  });
}

export function reboot(world: World, server: Server, kind: 'SOFT' | 'HARD'): void {
  server.status = kind === 'HARD' ? 'HARD_REBOOT' : 'REBOOT';
  server.taskState = kind === 'HARD' ? 'rebooting_hard' : 'rebooting';
  start(world, server);
}

/** Lets go of what a server that was refused, or is gone, held; `forGood` also deletes volumes that go with it. */
export async function release(world: World, server: Server, forGood: boolean): Promise<void> {
  for (const volume of server.volumes) {
    const attachment = world.volumes.attachments.get(volume.attachmentId);
    if (attachment) detach(world, attachment);
    if (forGood && volume.deleteOnTermination) {
      world.volumes.volumes.delete(volume.volumeId);
      await rm(world.volumePath(volume.volumeId), { force: true });
    }
  }
  for (const id of server.portIds) {
    const port = world.network.ports.get(id);
    if (!port) continue;
    if (port.bornForServer) world.network.ports.delete(id);
    else {
      port.deviceId = '';
      port.deviceOwner = '';
      port.status = 'DOWN';
    }
  }
}

export function destroy(world: World, server: Server): void {
  if (server.taskState === 'deleting') return;
  server.taskState = 'deleting';
  server.starts += 1;
  world.timers.after(world.delays.serverDelete, async () => {
    world.compute.servers.delete(server.id);
    await release(world, server, true);
    await rm(world.rootDiskPath(server.id), { force: true });
  });
}
