import type { DestinationNetwork } from '@guts/contract';

/** A subnet that may be chosen: by its name where that is enough, else by its id. */
export interface SubnetChoice {
  readonly value: string;
  readonly label: string;
}

/** @param chosen stays a choice when it is not there (any more); empty: none is */
export function subnetChoices(
  networks: readonly DestinationNetwork[],
  network: string,
  chosen: string,
): readonly SubnetChoice[] {
  if (network === '') return [];
  const subnets = networks.filter(({ name }) => name === network).flatMap((one) => one.subnets);
  const choices = subnets.map(({ id, name, cidr }) => {
    const alone = name !== '' && subnets.filter((other) => other.name === name).length === 1;
    return { value: alone ? name : id, label: `${name === '' ? id : name} (${cidr})` };
  });
  return chosen === '' || choices.some(({ value }) => value === chosen)
    ? choices
    : [...choices, { value: chosen, label: chosen }];
}
