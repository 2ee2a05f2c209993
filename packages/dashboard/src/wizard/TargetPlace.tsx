import type { DestinationNetwork } from '@guts/contract';
import { FormSelect, FormSelectOption } from '@patternfly/react-core';
import { text } from '../text/index.ts';
import { subnetChoices } from './subnets.ts';

const words = text.wizard;

interface Place {
  readonly network: string;
  /** Empty: any. */
  readonly subnet: string;
}

/** Network of the destination, and where it has several subnets, which of them. */
export function TargetPlace({
  of,
  none,
  network,
  subnet,
  targets,
  onChange,
}: Place & {
  /** What goes there, for the labels. */
  readonly of: string;
  readonly none: string;
  readonly targets: readonly DestinationNetwork[];
  readonly onChange: (place: Place) => void;
}) {
  const names = [...new Set(targets.map(({ name }) => name))];
  const all = network === '' || names.includes(network) ? names : [...names, network];
  const subnets = subnetChoices(targets, network, subnet);
  return (
    <div className="guts-place">
      <FormSelect
        aria-label={`${words.targetNetwork}: ${of}`}
        value={network}
        // A subnet of another one is not there.
        onChange={(_event, chosen) => onChange({ network: chosen, subnet: '' })}
      >
        <FormSelectOption value="" label={none} />
        {all.map((name) => (
          <FormSelectOption key={name} value={name} label={name} />
        ))}
      </FormSelect>
      {subnets.length < 2 && subnet === '' ? null : (
        <FormSelect
          aria-label={`${words.subnet}: ${of}`}
          value={subnet}
          onChange={(_event, chosen) => onChange({ network, subnet: chosen })}
        >
          <FormSelectOption value="" label={words.anySubnet} />
          {subnets.map(({ value, label }) => (
            <FormSelectOption key={value} value={value} label={label} />
          ))}
        </FormSelect>
      )}
    </div>
  );
}
