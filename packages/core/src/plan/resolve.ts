import type { Instance } from '../inventory.ts';
import type { MigrationSpec } from '../migration.ts';
import type { DestinationFacts } from '../ports/destination-driver.ts';
import type { TransportName } from '../ports/source-driver.ts';
import type { Finding } from '../preflight-finding.ts';
import { planDisks } from './disks.ts';
import { chooseFlavor } from './flavor.ts';
import { mappingFindings } from './mapping-keys.ts';
import { serverName } from './names.ts';
import { planNics } from './networks.ts';
import { busFinding, dataDiskBus, imageProperties, nicModelFinding } from './properties.ts';
import { checkQuota } from './quota.ts';
import type { TargetPlan } from './target.ts';
import { zoneFindings } from './zones.ts';

export function instanceFindings(instance: Instance): Finding[] {
  const findings: Finding[] = [];
  const block = (code: string, message: string, remedy: string): void => {
    findings.push({ severity: 'blocker', code, subject: 'instance', message, remedy });
  };
  if (instance.template)
    block('instance.template', 'it is a template', 'Deploy a machine from it and move that.');
  if (!instance.connected)
    block('instance.disconnected', 'its host does not answer', 'Bring the host back, then try again.');
  if (instance.powerState === 'suspended')
    block('instance.suspended', 'it is suspended', 'Resume it or power it off: memory is not moved.');
  if (instance.encrypted)
    block(
      'instance.encrypted',
      'it is encrypted',
      'Decrypt it at the source: exports of encrypted disks are refused.',
    );
  if (instance.tpm)
    findings.push({
      severity: 'warning',
      code: 'instance.tpm',
      subject: 'instance',
      message: 'it has a virtual TPM, whose contents are not moved',
      remedy: 'Suspend BitLocker or other users of the TPM first.',
    });
  return findings;
}

function securityGroups(
  names: readonly string[],
  facts: DestinationFacts,
): { ids: string[]; findings: Finding[] } {
  const ids: string[] = [];
  const findings: Finding[] = [];
  for (const name of names) {
    const found = facts.securityGroups.filter((group) => group.id === name || group.name === name);
    const [group] = found;
    if (group && found.length === 1) ids.push(group.id);
    else
      findings.push({
        severity: 'blocker',
        code: 'security_group.unknown',
        subject: 'destination',
        message:
          found.length === 0
            ? `the target project has no security group '${name}'`
            : `${found.length} security groups are called '${name}'`,
        remedy: `Name one of: ${facts.securityGroups.map((one) => `${one.name} (${one.id})`).join(', ')}.`,
      });
  }
  return { ids, findings };
}

/**
 * Decides everything about the target from what is known, without asking anybody. The plan is null exactly when
 * a finding is a blocker.
 */
export function resolveTarget(
  instance: Instance,
  spec: MigrationSpec,
  facts: DestinationFacts,
  transport: TransportName,
): { plan: TargetPlan | null; findings: Finding[] } {
  const { nics, findings: nicFindings } = planNics(instance, spec, facts);
  const { disks, findings: diskFindings } = planDisks(instance, spec, facts);
  const boot = disks.find((disk) => disk.boot);
  const choice = chooseFlavor(facts.flavors, spec.flavor, {
    vcpus: instance.cpus,
    ramMiB: instance.memoryMiB,
    rootGiB: spec.bootFrom === 'image' ? (boot?.sizeGiB ?? 1) : null,
    admin: facts.admin,
  });
  const moved = instance.nics.filter((nic) => nics.some((one) => one.key === nic.key));
  const properties = imageProperties(instance, moved, spec.properties);
  // A model that was chosen by hand needs no warning.
  const chosen = spec.properties['hw_vif_model'] !== undefined;
  const hardware = [
    busFinding(instance, properties),
    chosen ? null : nicModelFinding(moved, properties),
  ].filter((finding) => finding !== null);
  const named = serverName(spec.targetName ?? instance.name, instance.ref);
  const groups = securityGroups(spec.securityGroups, facts);
  const findings = [
    ...instanceFindings(instance),
    ...named.findings,
    ...mappingFindings(instance, spec.mapping),
    ...nicFindings,
    ...diskFindings,
    ...hardware,
    ...choice.findings,
    ...groups.findings,
    ...zoneFindings(spec.availabilityZone, facts, disks),
    ...checkQuota(facts.quota, facts.project.name, choice.flavor, nics, disks),
  ];
  if (!choice.flavor || findings.some((finding) => finding.severity === 'blocker'))
    return { plan: null, findings };
  const plan: TargetPlan = {
    serverName: named.name,
    transport,
    nics,
    disks,
    flavor: { id: choice.flavor.id, name: choice.flavor.name, reason: choice.reason },
    securityGroupIds: groups.ids,
    availabilityZone: spec.availabilityZone,
    dataDiskBus: dataDiskBus(instance, properties),
    properties,
  };
  return { plan, findings };
}
