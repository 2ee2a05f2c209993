import type { Endpoint, Instance } from '@guts/contract';
import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  FormSelect,
  FormSelectOption,
  PageSection,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatBytes, formatTime } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { type Column, type Selection, VirtualTable } from '../shared/VirtualTable.tsx';
import { text } from '../text/index.ts';
import { MOST_INSTANCES } from '../wizard/draft.ts';
import { beginDraft } from '../wizard/draft-store.ts';
import { folderOf, sizeOf } from './instance-facts.ts';
import { InventoryFilters } from './InventoryFilters.tsx';
import { instancesQuery } from './queries.ts';
import type { InventorySearch } from './search.ts';

const route = getRouteApi('/inventory');
const words = text.inventory;
const NONE: ReadonlySet<string> = new Set();

/** The machines of a source. */
export function Inventory() {
  const { client } = useApp();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: sources, error } = useQuery(endpointsQuery(client, 'source'));
  if (!sources) return error ? <ErrorNote error={error} /> : <Loading />;
  const source =
    sources.find(({ name }) => name === search.source) ??
    sources.find(({ refreshed_at: read }) => read !== null) ??
    sources[0];
  return (
    <>
      <PageSection className="guts-head">
        <Title headingLevel="h1">{words.title}</Title>
        {source ? (
          <div className="guts-inline">
            <label htmlFor="inventory-source">{words.source}</label>
            <FormSelect
              id="inventory-source"
              value={source.name}
              onChange={(_event, name) => void navigate({ search: { source: name } })}
            >
              {sources.map(({ id, name }) => (
                <FormSelectOption key={id} value={name} label={name} />
              ))}
            </FormSelect>
          </div>
        ) : null}
      </PageSection>
      {source ? <OfSource key={source.id} source={source} search={search} /> : <NoSource />}
    </>
  );
}

function NoSource() {
  return (
    <EmptyState titleText={words.noSource} headingLevel="h2">
      <EmptyStateBody>{words.noSourceHelp}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Link to="/sources/new" className="pf-v6-c-button pf-m-primary">
            {text.endpoints.source.add}
          </Link>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function OfSource({ source, search }: { readonly source: Endpoint; readonly search: InventorySearch }) {
  const { client } = useApp();
  const may = useMay();
  const navigate = route.useNavigate();
  const leave = useNavigate();
  const query = useInfiniteQuery(instancesQuery(client, source.id, search));
  const [selected, setSelected] = useState(NONE);
  const rows = useMemo(() => query.data?.pages.flatMap(({ instances }) => instances) ?? [], [query.data]);
  const descending = search.desc ?? false;
  const columns = useMemo(() => columnsOf(source.name, descending), [source.name, descending]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const change = useCallback(
    (next: Readonly<Record<string, unknown>>) =>
      void navigate({
        search: (now) =>
          Object.fromEntries(
            Object.entries({ ...now, source: source.name, ...next }).filter(
              ([, value]) => value !== '' && value !== false,
            ),
          ),
        replace: true,
      }),
    [navigate, source.name],
  );
  const selection: Selection<Instance> = {
    has: ({ ref }) => selected.has(ref),
    toggle: ({ ref }, on) =>
      setSelected((now) => {
        const next = new Set(now);
        if (on) next.add(ref);
        else next.delete(ref);
        return next;
      }),
    label: ({ name }) => words.selectRow(name),
    all: {
      label: words.selectAll,
      on: rows.length > 0 && rows.every(({ ref }) => selected.has(ref)),
      toggle: (on) => setSelected(on ? new Set(rows.map(({ ref }) => ref)) : NONE),
    },
  };
  const migrate = (): void => {
    const draft = beginDraft({ source: source.name, instances: [...selected] });
    void leave({ to: '/new', search: { draft, step: 'destination' } });
  };
  return (
    <PageSection isFilled>
      <Toolbar inset={{ default: 'insetNone' }}>
        <ToolbarContent>
          <InventoryFilters source={source.id} search={search} onChange={change} />
          <ToolbarGroup align={{ default: 'alignEnd' }} alignItems="center">
            {selected.size === 0 ? (
              <ToolbarItem alignSelf="center" className="guts-quiet">
                {words.shown(rows.length, hasNextPage)}
                {source.refreshed_at === null ? null : ` · ${words.read(formatTime(source.refreshed_at))}`}
              </ToolbarItem>
            ) : (
              <>
                <ToolbarItem alignSelf="center">{words.selected(selected.size)}</ToolbarItem>
                <ToolbarItem>
                  <Button variant="link" onClick={() => setSelected(NONE)}>
                    {words.clear}
                  </Button>
                </ToolbarItem>
                {may('migrations:create') ? (
                  <ToolbarItem>
                    <Button isDisabled={selected.size > MOST_INSTANCES} onClick={migrate}>
                      {words.migrate(selected.size)}
                    </Button>
                  </ToolbarItem>
                ) : null}
              </>
            )}
          </ToolbarGroup>
        </ToolbarContent>
      </Toolbar>
      {selected.size > MOST_INSTANCES ? <p className="guts-quiet">{words.tooMany(MOST_INSTANCES)}</p> : null}
      {query.error ? <ErrorNote error={query.error} /> : null}
      {query.isPending ? <Loading /> : null}
      {query.data && rows.length === 0 ? <Nothing source={source} /> : null}
      {rows.length === 0 ? null : (
        <VirtualTable
          label={words.label}
          rows={rows}
          columns={columns}
          keyOf={({ ref }) => ref}
          onSort={(_key, desc) => change({ desc })}
          onEnd={more}
          {...(hasNextPage ? {} : { total: rows.length })}
          {...(may('migrations:create') ? { selection } : {})}
        />
      )}
    </PageSection>
  );
}

function Nothing({ source }: { readonly source: Endpoint }) {
  const navigate = route.useNavigate();
  const read = source.refreshed_at !== null;
  return (
    <EmptyState titleText={read ? words.none : words.notRead} headingLevel="h2">
      <EmptyStateBody>{read ? null : words.notReadHelp}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          {read ? (
            <Button
              variant="link"
              onClick={() => void navigate({ search: { source: source.name }, replace: true })}
            >
              {text.clearFilters}
            </Button>
          ) : (
            <Link to="/sources/$id" params={{ id: source.id }} className="pf-v6-c-button pf-m-primary">
              {words.openSource}
            </Link>
          )}
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function columnsOf(source: string, desc: boolean): readonly Column<Instance>[] {
  const { columns } = words;
  return [
    {
      key: 'name',
      title: columns.name,
      grow: 2.4,
      sort: desc ? 'desc' : 'asc',
      cell: ({ ref, name }) => (
        <Link to="/inventory/$ref" params={{ ref }} search={{ source }}>
          {name}
        </Link>
      ),
    },
    { key: 'power', title: columns.power, grow: 0.8, cell: ({ power_state: power }) => words.powers[power] },
    {
      key: 'guest',
      title: columns.guest,
      grow: 2,
      cell: ({ guest_name: name, os_type: type }) => name ?? words.guests[type],
    },
    { key: 'cpus', title: columns.cpus, grow: 0.8, cell: ({ cpus }) => cpus },
    {
      key: 'memory',
      title: columns.memory,
      grow: 1.1,
      cell: ({ memory_mib: mib }) => formatBytes(mib * 2 ** 20),
    },
    {
      key: 'disks',
      title: columns.disks,
      grow: 1.4,
      cell: (one) => `${one.disks.length} · ${formatBytes(sizeOf(one))}`,
    },
    {
      key: 'host',
      title: columns.host,
      grow: 1.3,
      extra: true,
      cell: ({ host_name: host }) => host ?? text.nothing,
    },
    { key: 'path', title: columns.path, grow: 1.5, extra: true, cell: folderOf },
  ];
}
