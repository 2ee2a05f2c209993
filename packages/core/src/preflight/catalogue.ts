import type { Rule } from './rule.ts';
import { destinationRules } from './rules/destination.ts';
import { deviceRules } from './rules/devices.ts';
import { diskRules } from './rules/disks.ts';
import { guestRules } from './rules/guest.ts';
import { instanceRules } from './rules/instance.ts';
import { mappingRules } from './rules/mapping.ts';
import { nicRules } from './rules/nics.ts';
import { transferRules } from './rules/transfer.ts';

export interface RuleArea {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** Every rule once, in the order in which findings are told. */
export const RULE_AREAS: readonly RuleArea[] = [
  { name: 'Instance', rules: instanceRules },
  { name: 'Devices', rules: deviceRules },
  { name: 'Mapping', rules: mappingRules },
  { name: 'NICs', rules: nicRules },
  { name: 'Disks', rules: diskRules },
  { name: 'Guest and its hardware', rules: guestRules },
  { name: 'Destination', rules: destinationRules },
  { name: 'Transfer', rules: transferRules },
];
export const RULES: readonly Rule[] = RULE_AREAS.flatMap(({ rules }) => rules);
