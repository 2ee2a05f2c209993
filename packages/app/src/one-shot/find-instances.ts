import { type EndpointConfig, GutsError, type Instance } from '@guts/core';
import { createVSphereDriver } from '@guts/driver-vsphere';

/**
 * The one machine that each name means, asked of the source itself.
 * @throws GutsError `not_found`, `ambiguous`, and what the driver throws
 */
export async function findInstances(
  config: EndpointConfig,
  names: readonly string[],
  context: Parameters<ReturnType<typeof createVSphereDriver>['connect']>[1],
): Promise<Instance[]> {
  const connection = await createVSphereDriver().connect(config, context);
  try {
    const instances: Instance[] = [];
    for (const name of names) {
      const found = await connection.find(name, context.signal);
      const [first] = found;
      if (!first)
        throw new GutsError('not_found', `the source has no instance "${name}"`, {
          remedy: 'Names are compared exactly; a ref (vm-42) or a path (DC/vm/folder/name) will do, too.',
        });
      if (found.length > 1)
        throw new GutsError('ambiguous', `${found.length} instances are called "${name}"`, {
          remedy: `Give the ref or the path: ${found.map((one) => `${one.ref} (${one.path})`).join(', ')}.`,
        });
      instances.push(first);
    }
    return instances;
  } finally {
    await connection.close();
  }
}
