import type { Instance } from '@guts/contract';
import {
  Button,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Label,
  LabelGroup,
  SearchInput,
} from '@patternfly/react-core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { folderOf, sizeOf } from '../inventory/instance-facts.ts';
import { instancesQuery } from '../inventory/queries.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatBytes } from '../shared/format.ts';
import { type Column, VirtualTable } from '../shared/VirtualTable.tsx';
import { text } from '../text/index.ts';
import { MOST_INSTANCES } from './draft.ts';
import { draftInstancesQuery } from './queries.ts';
import type { StepProps } from './Wizard.tsx';

const words = text.wizard;

/** Which machines are moved. */
export function MachinesStep({ draft, change }: StepProps) {
  const { client } = useApp();
  const sources = useQuery(endpointsQuery(client, 'source')).data ?? [];
  const chosen = useQuery(draftInstancesQuery(client, draft.source, draft.instances)).data ?? [];
  const nameOf = (ref: string): string => chosen.find((one) => one.ref === ref)?.name ?? ref;
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormGroup label={words.source} isRequired fieldId="wizard-source">
        <FormSelect
          id="wizard-source"
          value={draft.source}
          onChange={(_event, source) =>
            change({ source, instances: [], networks: {}, nics: {}, datastores: {}, skipDisks: [] })
          }
        >
          <FormSelectOption value="" label={words.chooseSource} isPlaceholder />
          {sources.map(({ id, name }) => (
            <FormSelectOption key={id} value={name} label={name} />
          ))}
        </FormSelect>
      </FormGroup>
      {draft.source === '' ? null : (
        <>
          {draft.instances.length === 0 ? (
            <p>{words.noneChosen}</p>
          ) : (
            <LabelGroup categoryName={words.chosen(draft.instances.length)} numLabels={12}>
              {draft.instances.map((ref) => (
                <Label
                  key={ref}
                  variant="outline"
                  textMaxWidth="16rem"
                  closeBtnAriaLabel={words.removeMachine(nameOf(ref))}
                  onClose={() => change({ instances: draft.instances.filter((one) => one !== ref) })}
                >
                  {nameOf(ref)}
                </Label>
              ))}
            </LabelGroup>
          )}
          <Finder
            key={draft.source}
            source={draft.source}
            chosen={draft.instances}
            onAdd={(ref) => change({ instances: [...draft.instances, ref] })}
          />
        </>
      )}
    </Form>
  );
}

function Finder({
  source,
  chosen,
  onAdd,
}: {
  readonly source: string;
  readonly chosen: readonly string[];
  readonly onAdd: (ref: string) => void;
}) {
  const { client } = useApp();
  const [q, setQ] = useState('');
  const query = useInfiniteQuery(instancesQuery(client, source, q === '' ? {} : { q }));
  const rows = query.data?.pages.flatMap(({ instances }) => instances) ?? [];
  const columns: readonly Column<Instance>[] = [
    { key: 'name', title: text.inventory.columns.name, grow: 2.2, cell: ({ name }) => name },
    { key: 'path', title: text.inventory.columns.path, grow: 1.5, cell: folderOf },
    { key: 'disks', title: text.inventory.columns.disks, grow: 1.1, cell: (one) => formatBytes(sizeOf(one)) },
    {
      key: 'add',
      title: words.add,
      grow: 1,
      cell: ({ ref, name }) =>
        chosen.includes(ref) ? (
          words.added
        ) : (
          <Button
            variant="link"
            isInline
            aria-label={words.addMachine(name)}
            isDisabled={chosen.length >= MOST_INSTANCES}
            onClick={() => onAdd(ref)}
          >
            {words.add}
          </Button>
        ),
    },
  ];
  return (
    <>
      <SearchInput
        aria-label={words.chooseMachines}
        placeholder={words.chooseMachines}
        value={q}
        onChange={(_event, typed) => setQ(typed)}
        onClear={() => setQ('')}
      />
      {query.error ? <ErrorNote error={query.error} /> : null}
      {query.data && rows.length === 0 ? <p>{words.noneFound}</p> : null}
      {rows.length === 0 ? null : (
        <div className="guts-finder">
          <VirtualTable
            label={words.chooseMachines}
            rows={rows}
            columns={columns}
            keyOf={({ ref }) => ref}
            onEnd={() => {
              if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
            }}
          />
        </div>
      )}
    </>
  );
}
