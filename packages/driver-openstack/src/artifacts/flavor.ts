import { markerText } from '@guts/core';
import { createFlavor, deleteFlavor, eachFlavor, listFlavors } from '@guts/openstack';
import { type ArtifactKindOps, markedBy } from './artifact-kind.ts';

/** Marked in the description. Flavors belong to no project: the description alone tells whose they are. */
export const flavorOps: ArtifactKindOps<'flavor'> = {
  service: 'compute',
  async *marked(session, signal) {
    for await (const one of eachFlavor(session, signal))
      yield* markedBy(one.description, 'flavor', one.id, one.name);
  },
  async create(session, spec, marker, signal) {
    const flavor = await createFlavor(
      session,
      {
        name: spec.name,
        vcpus: spec.vcpus,
        ram: spec.ramMiB,
        disk: spec.diskGiB,
        description: markerText(marker),
      },
      signal,
    );
    return { externalId: flavor.id, data: {} };
  },
  async find(session, _spec, marker, signal) {
    const found = (await listFlavors(session, signal)).find((one) => one.description === markerText(marker));
    return found ? { externalId: found.id, data: {} } : null;
  },
  async findAll(session, _spec, marker, signal) {
    const all = await listFlavors(session, signal);
    return all.filter((one) => one.description === markerText(marker)).map((one) => one.id);
  },
  remove: async (session, id, signal) => ((await deleteFlavor(session, id, signal)) ? 'removed' : 'absent'),
};
