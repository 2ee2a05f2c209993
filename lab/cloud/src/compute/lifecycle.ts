/** What happens to a server over time: built, started, stopped, deleted. */
import { rm } from 'node:fs/promises';
import { openDisk, writeRaw } from '../disk/disk.ts';
import type { World } from '../world.ts';
import { complete, detach } from '../volume/attachments.ts';
import { consoleText } from './boot.ts';
import type { Server } from './state.ts';

const GIB = 2 ** 30;

function fail(server: Server, message: string): void {
  server.status = 'ERROR';
  server.vmState = 'error';
  server.taskState = null;
  server.fault = { code: 500, message, createdAt: Date.now() };
}

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

export function start(world: World, server: Server): void {
  server.starts += 1;
  const { starts } = server;
  server.console = '';
  world.timers.after(world.delays.serverPower, () => {
    server.status = 'ACTIVE';
    server.vmState = 'active';
    server.powerState = 1;
    server.taskState = null;
    server.launchedAt ??= Date.now();
    for (const id of server.portIds) {
      const port = world.network.ports.get(id);
      if (port) port.status = 'ACTIVE';
    }
    world.timers.after(world.delays.guestBoot, async () => {
      const text = await consoleText(world, server);
      // Stopped or started again meanwhile: another console.
      if (server.starts === starts && server.status === 'ACTIVE') server.console = text;
    });
  });
}

export function build(world: World, server: Server, doom: string | undefined): void {
  world.timers.after(world.delays.serverBuild, async () => {
    if (!world.compute.servers.has(server.id)) return;
    if (doom !== undefined) return fail(server, doom);
    try {
      await makeRootDisk(world, server);
    } catch (error) {
      return fail(server, (error as Error).message);
    }
    for (const { attachmentId } of server.volumes) {
      const attachment = world.volumes.attachments.get(attachmentId);
      if (attachment) complete(world, attachment);
    }
    start(world, server);
  });
}

export function stop(world: World, server: Server): void {
  server.taskState = 'powering-off';
  world.timers.after(world.delays.serverPower, () => {
    server.starts += 1;
    server.status = 'SHUTOFF';
    server.vmState = 'stopped';
    server.powerState = 4;
    server.taskState = null;
    server.console = '';
  });
}

export function destroy(world: World, server: Server): void {
  server.taskState = 'deleting';
  world.timers.after(world.delays.serverDelete, async () => {
    world.compute.servers.delete(server.id);
    for (const volume of server.volumes) {
      const attachment = world.volumes.attachments.get(volume.attachmentId);
      if (attachment) detach(world, attachment);
      if (volume.deleteOnTermination) {
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
    await rm(world.rootDiskPath(server.id), { force: true });
  });
}
