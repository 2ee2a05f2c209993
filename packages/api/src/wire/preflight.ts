import type { DraftPlan, InstanceCheck, PreflightRule, PreflightSummary, UnaskedRule } from '@guts/contract';
import {
  type DestinationFacts,
  type DraftPlan as Draft,
  type Finding,
  type Instance,
  type PreflightResult,
  resultOf,
  RULE_AREAS,
  SEVERITIES,
  type Severity,
  type Tally,
} from '@guts/core';
import { snake } from './snake.ts';

function planToWire(plan: Draft): DraftPlan {
  return {
    server_name: plan.serverName,
    flavor: { ...plan.flavor },
    nics: plan.nics.map(({ addresses, ...nic }) => ({
      key: nic.key,
      label: nic.label,
      network_id: nic.networkId,
      network_name: nic.networkName,
      mac: nic.mac,
      addresses: addresses.map((one) => snake(one)),
    })),
    disks: plan.disks.map((disk) => ({
      key: disk.key,
      label: disk.label,
      capacity_bytes: disk.capacityBytes,
      size_gib: disk.sizeGiB,
      boot: disk.boot,
      target: disk.target,
      volume_type: disk.volumeType,
      fill: disk.fill,
    })),
    security_group_ids: [...plan.securityGroupIds],
    availability_zone: plan.availabilityZone,
    data_disk_bus: plan.dataDiskBus,
    properties: { ...plan.properties },
  };
}

/** Findings at least as grave. */
export function atLeast(findings: readonly Finding[], severity: Severity): Finding[] {
  const worst = SEVERITIES.indexOf(severity);
  return findings.filter((one) => SEVERITIES.indexOf(one.severity) <= worst);
}

/** @param severity only findings as grave as that are told */
export function checkToWire(
  { ref, name, path }: Instance,
  { findings, plan, prediction }: Pick<PreflightResult, 'findings' | 'plan' | 'prediction'>,
  severity: Severity = 'information',
): InstanceCheck {
  return {
    ref,
    name,
    path,
    result: resultOf(findings),
    findings: atLeast(findings, severity),
    plan: plan && planToWire(plan),
    prediction: {
      ...snake(prediction),
      // What sources tell may be anything; sizes below 0 are told by a finding.
      capacity_bytes: Math.max(0, prediction.capacityBytes),
    },
  };
}

export function rulesToWire(): PreflightRule[] {
  return RULE_AREAS.flatMap(({ name: area, rules }) =>
    rules.map(({ id, title, severities, needs, explanation, remedy }) => ({
      code: id,
      area,
      title,
      severities: [...severities],
      needs: needs === 'many' ? 'destination' : needs,
      explanation,
      remedy,
    })),
  );
}

export function tallyToWire(
  tally: Tally,
  facts: DestinationFacts | null,
  notAsked: UnaskedRule[],
): PreflightSummary {
  const { results, severities, bytes, kept } = tally;
  return {
    instances: results.blocked + results.warned + results.ready,
    ...results,
    severities: { ...severities },
    rules: tally.rules(),
    totals: {
      capacity_bytes: bytes.capacity,
      data_bytes: bytes.data,
      data_unknown: bytes.unknown,
      cores: kept.cores,
      ram_mib: kept.ramMiB,
      volumes: kept.volumes,
      gigabytes: kept.gigabytes,
      ports: kept.ports,
    },
    findings: facts ? tally.together(facts) : [],
    not_asked: notAsked,
  };
}
