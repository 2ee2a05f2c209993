import type { DestinationNetwork, Instance } from '@guts/contract';
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
import { type NicChoice, NO_CHOICE, suggestedNetworks } from './draft.ts';
import { draftInstancesQuery, mappingsQuery, targetNetworksQuery } from './queries.ts';
import { TargetPlace } from './TargetPlace.tsx';
import type { StepProps } from './Wizard.tsx';

const words = text.wizard;

/** Which networks the machines are attached to. */
export function NetworkStep({ draft, change }: StepProps) {
  const { client } = useApp();
  const mappings = useQuery(mappingsQuery(client)).data ?? [];
  const instances = useQuery(draftInstancesQuery(client, draft.source, draft.instances)).data;
  const destinations = useQuery(endpointsQuery(client, 'destination')).data ?? [];
  const destination = destinations.find(({ name }) => name === draft.destination)?.id ?? '';
  const networks = useQuery(targetNetworksQuery(client, destination)).data;
  const used = sourceNetworks(instances ?? []);
  const targets = networks ?? [];
  const names = [...new Set(targets.map(({ name }) => name))];
  const wanted = draft.namedMapping === '' ? suggestedNetworks(draft.networks, used, names) : draft.networks;
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
              change({ namedMapping, ...(namedMapping === '' ? {} : { networks: {}, subnets: {} }) })
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
                  <TargetPlace
                    of={name}
                    none={draft.namedMapping === '' ? words.chooseNetwork : words.asMapping}
                    network={draft.networks[name] ?? ''}
                    subnet={draft.subnets[name] ?? ''}
                    targets={targets}
                    onChange={({ network, subnet }) =>
                      change({
                        networks: { ...draft.networks, [name]: network },
                        subnets: { ...draft.subnets, [name]: subnet },
                      })
                    }
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

function Nics({
  instance: { nics },
  choices,
  targets,
  onChange,
}: {
  readonly instance: Instance;
  readonly choices: Readonly<Record<string, NicChoice>>;
  readonly targets: readonly DestinationNetwork[];
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
            <TargetPlace
              of={label}
              none={words.asNetwork}
              network={choice.network}
              subnet={choice.subnet}
              targets={targets}
              onChange={(place) => onChange(mac, place)}
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
