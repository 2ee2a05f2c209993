import {
  Checkbox,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Radio,
  Title,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { formatBytes } from '../shared/format.ts';
import { text } from '../text/index.ts';
import { draftInstancesQuery, volumeTypesQuery } from './queries.ts';
import type { StepProps } from './Wizard.tsx';

const words = text.wizard;

/** What the disks become. */
export function StorageStep({ draft, change }: StepProps) {
  const { client } = useApp();
  const instances = useQuery(draftInstancesQuery(client, draft.source, draft.instances)).data ?? [];
  const destinations = useQuery(endpointsQuery(client, 'destination')).data ?? [];
  const destination = destinations.find(({ name }) => name === draft.destination)?.id ?? '';
  const types = useQuery(volumeTypesQuery(client, destination)).data ?? [];
  const datastores = [
    ...new Set(instances.flatMap(({ disks }) => disks.flatMap((disk) => disk.datastore_name ?? []))),
  ].sort((a, b) => a.localeCompare(b));
  const single = instances.length === 1 ? instances[0] : undefined;
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormGroup role="radiogroup" label={words.bootFrom} fieldId="boot-from">
        {(['image', 'volume'] as const).map((one) => (
          <Radio
            key={one}
            id={`boot-from-${one}`}
            name="boot-from"
            label={words.bootFroms[one]}
            isChecked={draft.bootFrom === one}
            onChange={() => change({ bootFrom: one })}
          />
        ))}
      </FormGroup>
      {types.length === 0 || datastores.length === 0 ? null : (
        <>
          <p>{words.storageHelp}</p>
          <Table aria-label={words.storageHelp} variant="compact" gridBreakPoint="">
            <Thead>
              <Tr>
                <Th width={40}>{words.datastore}</Th>
                <Th>{words.volumeType}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {datastores.map((name) => (
                <Tr key={name}>
                  <Td dataLabel={words.datastore}>{name}</Td>
                  <Td dataLabel={words.volumeType}>
                    <FormSelect
                      aria-label={`${words.volumeType}: ${name}`}
                      value={draft.datastores[name] ?? ''}
                      onChange={(_event, type) =>
                        change({ datastores: { ...draft.datastores, [name]: type } })
                      }
                    >
                      <FormSelectOption
                        value=""
                        label={draft.namedMapping === '' ? words.defaultType : words.asMapping}
                      />
                      {types.map(({ id, name: type }) => (
                        <FormSelectOption key={id} value={type} label={type} />
                      ))}
                    </FormSelect>
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        </>
      )}
      {single ? (
        <>
          <Title headingLevel="h3" size="md">
            {words.perDisk}
          </Title>
          {single.disks.map((disk) => {
            const boot = disk.key === (single.boot_disk_key ?? single.disks[0]?.key);
            const facts = [
              formatBytes(disk.capacity_bytes),
              disk.datastore_name,
              boot ? words.bootDisk : null,
            ];
            return (
              <Checkbox
                key={disk.key}
                id={`disk-${disk.key}`}
                label={`${words.leaveOut}: ${disk.label}`}
                description={facts.filter((part) => part !== null).join(' · ')}
                isDisabled={boot}
                isChecked={draft.skipDisks.includes(disk.key)}
                onChange={(_event, skip) =>
                  change({
                    skipDisks: skip
                      ? [...draft.skipDisks, disk.key]
                      : draft.skipDisks.filter((key) => key !== disk.key),
                  })
                }
              />
            );
          })}
        </>
      ) : null}
    </Form>
  );
}
