import type { InstanceRule } from '../rule.ts';
import { untold, when } from '../rule.ts';

const template: InstanceRule = {
  id: 'instance.template',
  title: 'The instance is a template',
  severities: ['blocker'],
  explanation: 'A template is never on: there is nothing to shut down, and nothing to switch to.',
  remedy: 'Deploy a machine from it and move that.',
  needs: 'instance',
  check: ({ instance }) => when(instance.template, () => ({ message: 'it is a template' })),
};

const disconnected: InstanceRule = {
  id: 'instance.disconnected',
  title: 'Its host does not answer',
  severities: ['blocker'],
  explanation:
    'vCenter does not reach the host of the instance (or has lost the instance): its disks cannot be read, and what the inventory tells of it is old.',
  remedy: 'Bring the host back, then try again.',
  needs: 'instance',
  check: ({ instance }) => when(!instance.connected, () => ({ message: 'its host does not answer' })),
};

const suspended: InstanceRule = {
  id: 'instance.suspended',
  title: 'The instance is suspended',
  severities: ['blocker'],
  explanation:
    'What a suspended machine was doing lies in its saved memory, which is not moved; its file systems are in the middle of writing.',
  remedy: 'Resume it or power it off: memory is not moved.',
  needs: 'instance',
  check: ({ instance }) => when(instance.powerState === 'suspended', () => ({ message: 'it is suspended' })),
};

const encrypted: InstanceRule = {
  id: 'instance.encrypted',
  title: 'The instance is encrypted',
  severities: ['blocker'],
  explanation: 'vSphere gives out encrypted disks in no form that can be read without its key provider.',
  remedy: 'Decrypt it at the source: exports of encrypted disks are refused.',
  needs: 'instance',
  check: ({ instance }) => when(instance.encrypted, () => ({ message: 'it is encrypted' })),
};

const tpm: InstanceRule = {
  id: 'instance.tpm',
  title: 'A virtual TPM',
  severities: ['warning'],
  explanation:
    'The secrets in a virtual TPM cannot be read out. A disk whose key is sealed in it (BitLocker, LUKS with a TPM) asks for its recovery key at the destination, or does not open.',
  remedy: 'Suspend BitLocker or other users of the TPM first.',
  needs: 'instance',
  check: ({ instance }) =>
    when(instance.tpm, () => ({ message: 'it has a virtual TPM, whose contents are not moved' })),
};

const snapshots: InstanceRule = {
  id: 'instance.snapshots',
  title: 'The instance has snapshots',
  severities: ['information'],
  explanation:
    'The disks as they are now are moved; the points of time that snapshots keep are not. A disk with a snapshot can be read by an export only, which is slower and skips no holes.',
  remedy: 'Remove snapshots that nobody needs: the copy is then quicker.',
  needs: 'instance',
  check: ({ instance }) =>
    when(instance.snapshotCount > 0, () => ({
      message: `it has ${instance.snapshotCount} ${instance.snapshotCount === 1 ? 'snapshot, which is' : 'snapshots, which are'} not moved`,
    })),
};

const consolidation: InstanceRule = {
  id: 'instance.consolidation',
  title: 'Its disks need consolidation',
  severities: ['warning'],
  explanation:
    'vSphere could not put the deltas of removed snapshots back into the disks. They slow every read, and may be more than a snapshot tree shows.',
  remedy: 'Consolidate the disks at the source (vSphere Client: Snapshots, Consolidate).',
  needs: 'instance',
  check: ({ traits }) =>
    when(traits?.consolidationNeeded === true, () => ({ message: 'its disks need consolidation' })),
};

const faultTolerance: InstanceRule = {
  id: 'instance.fault_tolerance',
  title: 'Fault Tolerance',
  severities: ['warning'],
  explanation:
    'A machine under Fault Tolerance has a second copy that runs along; no snapshot of it can be taken, and nothing like it exists at the destination.',
  remedy: 'Turn Fault Tolerance off before the move.',
  needs: 'instance',
  check: ({ traits }) =>
    when(traits?.faultTolerance === true, () => ({
      message: 'it is protected by Fault Tolerance, which the target will not be',
    })),
};

const hotPlug: InstanceRule = {
  id: 'instance.hot_plug',
  title: 'Processors or memory may be added while it runs',
  severities: ['information'],
  explanation:
    'A server of OpenStack has the size of its flavor; another size means a resize, with a restart.',
  remedy: 'Choose a flavor that is large enough for what was meant to be added (--flavor).',
  needs: 'instance',
  check: ({ traits }) => {
    const what = [
      ...(traits?.cpuHotPlug ? ['processors'] : []),
      ...(traits?.memoryHotPlug ? ['memory'] : []),
    ];
    return when(what.length > 0, () => ({
      message: `${what.join(' and ')} can be added to it while it runs; not to the target`,
    }));
  },
};

const affinity: InstanceRule = {
  id: 'instance.cpu_affinity',
  title: 'Bound to certain processors',
  severities: ['information'],
  explanation: 'Which processors of its host a machine runs on is not carried over.',
  remedy: 'Where it matters, name a flavor with dedicated processors (extra spec hw:cpu_policy).',
  needs: 'instance',
  check: ({ traits }) =>
    when(traits?.cpuAffinity === true, () => ({
      message: 'it is bound to certain processors of its host; the target will not be',
    })),
};

const nested: InstanceRule = {
  id: 'instance.nested_virtualization',
  title: 'The guest may run machines of its own',
  severities: ['warning'],
  explanation:
    'Hardware virtualization is shown to the guest. At the destination that depends on the hypervisors and on their processor model, which no API tells.',
  remedy: 'Ask whether the cloud has hypervisors with nested virtualization; name their flavor (--flavor).',
  needs: 'instance',
  check: ({ traits }) =>
    when(traits?.nestedVirtualization === true, () => ({
      message: 'hardware virtualization is shown to its guest; whether the destination can is not known',
      unknown: true,
    })),
};

const name: InstanceRule = {
  id: 'name.changed',
  title: 'The name is made valid',
  severities: ['information'],
  explanation:
    'OpenStack takes names of at most 255 characters, none beyond U+FFFF, none unprintable, and no blanks at the ends. What is valid of the name stays.',
  remedy: 'Choose another name with --name.',
  needs: 'instance',
  check: ({ instance, spec, serverName }) =>
    when(serverName !== (spec.targetName ?? instance.name), () => ({
      message: `the server is called "${serverName}": a name at the destination has at most 255 characters, none beyond U+FFFF, none unprintable, and no blanks at its ends`,
    })),
};

const traits: InstanceRule = {
  id: 'instance.details_unknown',
  title: 'The inventory lacks details',
  severities: ['information'],
  explanation:
    'The inventory tells nothing of attached devices, Fault Tolerance, consolidation and the space in use: an older version read it, or the source does not tell. The rules about these say nothing, which is not the same as that all is well.',
  remedy: 'Refresh the source (guts source refresh).',
  needs: 'instance',
  check: (one) =>
    when(one.traits === null, () =>
      untold('the inventory does not tell its devices, Fault Tolerance, consolidation and space in use'),
    ),
};

export const instanceRules = [
  template,
  disconnected,
  suspended,
  encrypted,
  tpm,
  faultTolerance,
  consolidation,
  snapshots,
  hotPlug,
  affinity,
  nested,
  name,
  traits,
] as const;
