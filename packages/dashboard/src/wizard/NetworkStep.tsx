import type { Instance } from '@guts/contract';
import {
  Checkbox,
  Form,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextInput,
  Title,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { text } from '../text/index.ts';
import { type NicChoice, suggestedNetworks } from './draft.ts';
import { draftInstancesQuery, mappingsQuery, targetNetworksQuery } from './queries.ts';
import type { StepProps } from './Wizard.tsx';

const words = text.wizard;
const NO_CHOICE: NicChoice = { network: '', addresses: '', skip: false };

/** Which networks the machines are attached to. */
export function NetworkStep({ draft, change }: StepProps) {
  const { client } = useApp();
  const mappings = useQuery(mappingsQuery(client)).data ?? [];
  const instances = useQuery(draftInstancesQuery(client, draft.source, draft.instances)).data;
  const destinations = useQuery(endpointsQuery(client, 'destination')).data ?? [];
  const destination = destinations.find(({ name }) => name === draft.destination)?.id ?? '';
  const networks = useQuery(targetNetworksQuery(client, destination)).data;
  const used = sourceNetworks(instances ?? []);
  const targets = [...new Set(networks?.map(({ name }) => name) ?? [])];
  const wanted =
    draft.namedMapping === '' ? suggestedNetworks(draft.networks, used, targets) : draft.networks;
  const differs = networks && instances && JSON.stringify(wanted) !== JSON.stringify(draft.networks);
  useEffect(() => {
    if (differs && Object.keys(draft.networks).length === 0) change({ networks: wanted });
  });
  const single = instances?.length === 1 ? instances[0] : undefined;
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      {mappings.length === 0 ? null : (
        <FormGroup label={words.mapping} fieldId="wizard-mapping">
          <FormSelect
            id="wizard-mapping"
            value={draft.namedMapping}
            onChange={(_event, namedMapping) =>
              change({ namedMapping, ...(namedMapping === '' ? {} : { networks: {} }) })
            }
          >
            <FormSelectOption value="" label={words.noMapping} />
            {mappings.map(({ id, name }) => (
              <FormSelectOption key={id} value={name} label={name} />
            ))}
          </FormSelect>
          <FormHelperText>
            <HelperText>
              <HelperTextItem>{words.mappingHelp}</HelperTextItem>
            </HelperText>
          </FormHelperText>
        </FormGroup>
      )}
      <p>{used.length === 0 && instances ? words.noNetworks : words.networksHelp}</p>
      {used.length === 0 ? null : (
        <Table aria-label={words.networksHelp} variant="compact" gridBreakPoint="">
          <Thead>
            <Tr>
              <Th width={40}>{words.sourceNetwork}</Th>
              <Th>{words.targetNetwork}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {used.map((name) => (
              <Tr key={name}>
                <Td dataLabel={words.sourceNetwork}>{name}</Td>
                <Td dataLabel={words.targetNetwork}>
                  <TargetNetwork
                    label={`${words.targetNetwork}: ${name}`}
                    none={draft.namedMapping === '' ? words.chooseNetwork : words.asMapping}
                    value={draft.networks[name] ?? ''}
                    targets={targets}
                    onChange={(network) => change({ networks: { ...draft.networks, [name]: network } })}
                  />
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
      {single && single.nics.length > 0 ? (
        <Nics
          instance={single}
          choices={draft.nics}
          targets={targets}
          onChange={(mac, part) =>
            change({ nics: { ...draft.nics, [mac]: { ...NO_CHOICE, ...draft.nics[mac], ...part } } })
          }
        />
      ) : null}
    </Form>
  );
}

function sourceNetworks(instances: readonly Instance[]): readonly string[] {
  const names = instances.flatMap(({ nics }) => nics.flatMap((nic) => nic.network_name ?? []));
  return [...new Set(names)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

function TargetNetwork({
  label,
  none,
  value,
  targets,
  onChange,
}: {
  readonly label: string;
  readonly none: string;
  readonly value: string;
  readonly targets: readonly string[];
  readonly onChange: (network: string) => void;
}) {
  const all = value === '' || targets.includes(value) ? targets : [...targets, value];
  return (
    <FormSelect aria-label={label} value={value} onChange={(_event, network) => onChange(network)}>
      <FormSelectOption value="" label={none} />
      {all.map((name) => (
        <FormSelectOption key={name} value={name} label={name} />
      ))}
    </FormSelect>
  );
}

function Nics({
  instance: { nics },
  choices,
  targets,
  onChange,
}: {
  readonly instance: Instance;
  readonly choices: Readonly<Record<string, NicChoice>>;
  readonly targets: readonly string[];
  readonly onChange: (mac: string, part: Partial<NicChoice>) => void;
}) {
  return (
    <>
      <Title headingLevel="h3" size="md">
        {words.perNic}
      </Title>
      {nics.map(({ key, label, mac, network_name: network }) => {
        const choice = choices[mac] ?? NO_CHOICE;
        return (
          <div key={key} className="guts-nic">
            <div>
              {label}
              <div className="guts-quiet">{[mac, network].filter(Boolean).join(' · ')}</div>
            </div>
            <Checkbox
              id={`nic-${key}`}
              label={words.leaveOut}
              aria-label={`${words.leaveOut}: ${label}`}
              isChecked={choice.skip}
              onChange={(_event, skip) => onChange(mac, { skip })}
            />
            <TargetNetwork
              label={`${words.targetNetwork}: ${label}`}
              none={words.asNetwork}
              value={choice.network}
              targets={targets}
              onChange={(chosen) => onChange(mac, { network: chosen })}
            />
            <TextInput
              aria-label={`${words.address}: ${label}`}
              placeholder={words.address}
              value={choice.addresses}
              autoComplete="off"
              isDisabled={choice.network === '' || choice.skip}
              onChange={(_event, addresses) => onChange(mac, { addresses })}
            />
          </div>
        );
      })}
      <p className="guts-quiet">{words.addressHelp}</p>
    </>
  );
}
