import { type Migration } from '@guts/contract';
import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  PageSection,
  SearchInput,
  Title,
  ToggleGroup,
  ToggleGroupItem,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useMay } from '../api/me.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatClock } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { useOnce } from '../shared/use-once.ts';
import { type Column, type Selection, VirtualTable } from '../shared/VirtualTable.tsx';
import { text } from '../text/index.ts';
import { boardRows, type BoardSearch, type BoardSort, groupOf, GROUPS } from './board-search.ts';
import { BulkActions } from './BulkActions.tsx';
import { EtaCell, ProgressCell, RateCell } from './cells.tsx';
import { useMigrations, useOlder } from './queries.ts';
import { StatusLabel } from './StatusLabel.tsx';

const route = getRouteApi('/migrations');
const NONE: ReadonlySet<string> = new Set();

/** All migrations, live. */
export function Board() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const { data, error } = useMigrations();
  const older = useOlder();
  const loadOlder = useOnce(older);
  const [selected, setSelected] = useState(NONE);
  const rows = useMemo(() => boardRows(data?.byId.values() ?? [], search), [data, search]);
  const columns = useMemo(() => columnsOf(search.sort, search.desc), [search.sort, search.desc]);
  const counts = useMemo(() => countGroups(data?.byId.values() ?? []), [data]);
  const set = (change: BoardSearch): void =>
    void navigate({ search: (now) => clean({ ...now, ...change }), replace: true });

  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  const all = data.byId.size;
  const chosen = rows.filter(({ id }) => selected.has(id));
  const selection: Selection<Migration> = {
    has: ({ id }) => selected.has(id),
    toggle: ({ id }, on) => setSelected((now) => withId(now, id, on)),
    label: ({ name }) => text.migrations.selectRow(name),
    all: {
      label: text.migrations.selectAll,
      on: rows.length > 0 && chosen.length === rows.length,
      toggle: (on) => setSelected(on ? new Set(rows.map(({ id }) => id)) : NONE),
    },
  };
  return (
    <>
      <PageSection className="guts-head">
        <Title headingLevel="h1">{text.migrations.title}</Title>
        {may('migrations:create') && all > 0 ? <NewMigrationLink /> : null}
      </PageSection>
      {all === 0 ? (
        <NoMigrations />
      ) : (
        <PageSection isFilled>
          <Toolbar inset={{ default: 'insetNone' }}>
            <ToolbarContent>
              <ToolbarItem>
                <SearchInput
                  aria-label={text.migrations.searchLabel}
                  placeholder={text.migrations.searchLabel}
                  value={search.q ?? ''}
                  onChange={(_event, q) => set({ q })}
                  onClear={() => set({ q: '' })}
                />
              </ToolbarItem>
              <ToolbarItem>
                <ToggleGroup aria-label={text.migrations.filterStatus}>
                  {GROUPS.map((group) => (
                    <ToggleGroupItem
                      key={group}
                      buttonId={`group-${group}`}
                      text={`${text.migrations.groups[group]} (${counts[group]})`}
                      isSelected={search.group === group}
                      onChange={(_event, on) =>
                        void navigate({
                          search: (now) => clean({ ...now, group: on ? group : undefined }),
                          replace: true,
                        })
                      }
                    />
                  ))}
                </ToggleGroup>
              </ToolbarItem>
              {chosen.length > 0 ? (
                <BulkActions chosen={chosen} onDone={() => setSelected(NONE)} />
              ) : (
                <ToolbarItem align={{ default: 'alignEnd' }} alignSelf="center" className="guts-quiet">
                  {rows.length === all
                    ? text.migrations.count(all)
                    : text.migrations.countOf(rows.length, all)}
                </ToolbarItem>
              )}
            </ToolbarContent>
          </Toolbar>
          {rows.length === 0 ? (
            <EmptyState titleText={text.migrations.noneMatch} headingLevel="h2" variant="sm">
              <EmptyStateFooter>
                <EmptyStateActions>
                  <Button variant="link" onClick={() => void navigate({ search: {}, replace: true })}>
                    {text.clearFilters}
                  </Button>
                </EmptyStateActions>
              </EmptyStateFooter>
            </EmptyState>
          ) : (
            <VirtualTable
              label={text.migrations.boardLabel}
              rows={rows}
              total={rows.length}
              columns={columns}
              keyOf={({ id }) => id}
              onSort={(key, desc) => set({ sort: key as BoardSort, desc })}
              {...(may('migrations:act') ? { selection } : {})}
            />
          )}
          {data.marker === null ? null : (
            <div className="guts-older">
              {loadOlder.error === null ? null : <ErrorNote error={loadOlder.error} />}
              <Button variant="link" isLoading={loadOlder.busy} onClick={() => loadOlder.run()}>
                {text.migrations.older}
              </Button>
            </div>
          )}
        </PageSection>
      )}
    </>
  );
}

function NewMigrationLink() {
  return (
    <Link to="/new" className="pf-v6-c-button pf-m-primary">
      {text.migrations.create}
    </Link>
  );
}

function NoMigrations() {
  const may = useMay();
  return (
    <EmptyState titleText={text.migrations.none} headingLevel="h2">
      <EmptyStateBody>{text.migrations.noneHelp}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>{may('migrations:create') ? <NewMigrationLink /> : null}</EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

function columnsOf(sort: BoardSearch['sort'], desc: BoardSearch['desc']): readonly Column<Migration>[] {
  const sorted = (key: BoardSort): 'asc' | 'desc' | null => {
    if (sort !== key) return null;
    return desc ? 'desc' : 'asc';
  };
  const { columns, steps } = text.migrations;
  return [
    {
      key: 'name',
      title: columns.name,
      grow: 2.4,
      sort: sorted('name'),
      cell: ({ id, name }) => (
        <Link to="/migrations/$id" params={{ id }}>
          {name}
        </Link>
      ),
    },
    {
      key: 'status',
      title: columns.status,
      grow: 1.6,
      sort: sorted('status'),
      cell: ({ status }) => <StatusLabel status={status} />,
    },
    {
      key: 'step',
      title: columns.step,
      grow: 2,
      sort: sorted('step'),
      cell: ({ step, reason }) => (step === null ? (reason ?? text.nothing) : steps[step]),
    },
    { key: 'progress', title: columns.progress, grow: 1.5, cell: (row) => <ProgressCell migration={row} /> },
    { key: 'rate', title: columns.rate, grow: 1.3, cell: (row) => <RateCell migration={row} /> },
    { key: 'eta', title: columns.eta, extra: true, cell: (row) => <EtaCell migration={row} /> },
    {
      key: 'started',
      title: columns.started,
      grow: 1.5,
      extra: true,
      sort: sorted('started'),
      cell: ({ started_at: at }) => (at === null ? text.nothing : formatClock(at)),
    },
  ];
}

function clean(search: Readonly<Partial<Record<keyof BoardSearch, unknown>>>): BoardSearch {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== '' && value !== undefined && value !== false),
  );
}

function withId(now: ReadonlySet<string>, id: string, on: boolean): ReadonlySet<string> {
  const next = new Set(now);
  if (on) next.add(id);
  else next.delete(id);
  return next;
}

function countGroups(all: Iterable<Migration>): Record<(typeof GROUPS)[number], number> {
  const counts = { active: 0, attention: 0, done: 0 };
  for (const one of all) counts[groupOf(one)] += 1;
  return counts;
}
