import { ALLOCATION } from '../disk/disk.ts';
import { areasWhere, type Area } from '../disk/blocks.ts';
import { changedSince } from '../disk/tracking.ts';
import type { Readable } from '../disk/disk.ts';
import type { TrackingMoment } from '../disk/tracking.ts';
import type { MachineDisk } from '../model/machine-disk.ts';
import type { Machine } from '../model/machine.ts';
import { refOf } from '../collector/filter-spec.ts';
import { fileFault, gone, invalidArgument } from '../soap/faults.ts';
import { child, intOf, textOf } from '../soap/parse.ts';
import { data, list, long, type Value } from '../soap/values.ts';
import { machineOf, type Call, type Methods } from '../vim.ts';

interface Subject {
  readonly disk: MachineDisk;
  readonly readable: Readable;
  readonly moment: TrackingMoment;
}

/** The disk at the moment asked about. vSphere tells every refusal as FileFault. */
function subject(call: Call, machine: Machine, deviceKey: number): Subject {
  const disk = machine.disks.find((d) => d.key === deviceKey);
  if (disk === undefined) throw invalidArgument('deviceKey');
  const file = `[${disk.datastore}] ${disk.basePath}`;
  const node = child(call.args, 'snapshot');
  if (node === undefined) {
    if (machine.power !== 'poweredOff') throw fileFault(file, `Error caused by file ${file}`);
    if (!machine.trackingActive) throw fileFault(file, `Error caused by file ${file}`);
    return { disk, readable: disk.disk, moment: disk.tracking.now() };
  }
  const ref = refOf(node, 'snapshot');
  const frozen = machine.snapshots.find((s) => s.ref.id === ref.id)?.disks.find((d) => d.key === deviceKey);
  if (frozen === undefined) throw gone(ref);
  if (frozen.moment === undefined) throw fileFault(file, `Error caused by file ${file}`);
  return { disk, readable: frozen.view, moment: frozen.moment };
}

export const trackingMethods: Methods = {
  QueryChangedDiskAreas: (call) => {
    const machine = machineOf(call);
    const deviceKey = intOf(call.args, 'deviceKey');
    const start = intOf(call.args, 'startOffset');
    const changeId = textOf(call.args, 'changeId')?.trim();
    if (deviceKey === undefined) throw invalidArgument('deviceKey');
    if (changeId === undefined || changeId === '') throw invalidArgument('changeId');
    const { disk, readable, moment } = subject(call, machine, deviceKey);
    const { size } = readable;
    if (start === undefined || start < 0 || start >= size) throw invalidArgument('startOffset');
    const areas =
      changeId === '*' ? allocated(disk, readable, size, start) : changedSince(moment, changeId, size, start);
    if (areas === undefined) {
      const file = `[${disk.datastore}] ${disk.basePath}`;
      throw fileFault(file, `Error caused by file ${file}`);
    }
    const { changedAreasLimit, changedAreasOrder } = call.vim.settings;
    return answer(areas, start, size, changedAreasLimit, changedAreasOrder === 'descending');
  },
};

function allocated(disk: MachineDisk, readable: Readable, size: number, from: number): readonly Area[] {
  if (disk.spec.thin === false) return [{ start: from, length: size - from }];
  const test = (block: number): boolean => readable.mayHoldData(block * ALLOCATION, 1);
  return areasWhere(test, ALLOCATION, size, from);
}

/** One page: it covers up to the end of its last area, or the rest of the disk when nothing is left out. */
function answer(
  areas: readonly Area[],
  start: number,
  size: number,
  limit: number,
  backwards: boolean,
): Value {
  const page = areas.slice(0, limit);
  const last = page.at(-1);
  const end = areas.length > limit && last !== undefined ? last.start + last.length : size;
  return data('DiskChangeInfo', {
    startOffset: long(start),
    length: long(end - start),
    changedArea: list(
      'DiskChangeExtent',
      (backwards ? page.toReversed() : page).map((area) =>
        data('DiskChangeExtent', { start: long(area.start), length: long(area.length) }),
      ),
    ),
  });
}
