import { FormSelect, FormSelectOption, SearchInput, ToolbarItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useApp } from '../app.tsx';
import { text } from '../text/index.ts';
import { facetQuery } from './queries.ts';
import type { InventorySearch } from './search.ts';

/** After the last letter that was typed; milliseconds. */
const TYPING_MS = 300;
const words = text.inventory;

interface Props {
  readonly source: string;
  readonly search: InventorySearch;
  readonly onChange: (change: Readonly<Partial<Record<keyof InventorySearch, string>>>) => void;
}

/** What the machines of a source are found by. */
export function InventoryFilters({ source, search, onChange }: Props) {
  const { client } = useApp();
  const hosts = useQuery(facetQuery(client, source, 'hosts')).data ?? [];
  const datastores = useQuery(facetQuery(client, source, 'datastores')).data ?? [];
  const networks = useQuery(facetQuery(client, source, 'networks')).data ?? [];
  const named = (all: readonly string[]) => all.map((name) => [name, name] as const);
  return (
    <>
      <ToolbarItem>
        <TypedSearch key={source} value={search.q ?? ''} onChange={(q) => onChange({ q })} />
      </ToolbarItem>
      <Choice
        label={words.power}
        any={words.anyPower}
        value={search.power}
        options={Object.entries(words.powers)}
        onChange={(power) => onChange({ power })}
      />
      <Choice
        label={words.guest}
        any={words.anyGuest}
        value={search.guest}
        options={Object.entries(words.guests)}
        onChange={(guest) => onChange({ guest })}
      />
      <Choice
        label={words.host}
        any={words.anyHost}
        value={search.host}
        options={named(hosts)}
        onChange={(host) => onChange({ host })}
      />
      <Choice
        label={words.datastore}
        any={words.anyDatastore}
        value={search.datastore}
        options={named(datastores)}
        onChange={(datastore) => onChange({ datastore })}
      />
      <Choice
        label={words.network}
        any={words.anyNetwork}
        value={search.network}
        options={named(networks)}
        onChange={(network) => onChange({ network })}
      />
    </>
  );
}

/** Asks once one stops typing. */
function TypedSearch({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = setTimeout(() => onChange(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <SearchInput
      aria-label={words.search}
      placeholder={words.search}
      value={typed}
      onChange={(_event, next) => setTyped(next)}
      onClear={() => setTyped('')}
    />
  );
}

function Choice({
  label,
  any,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly any: string;
  readonly value: string | undefined;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}) {
  // One that is asked for by address, and is not (yet) known, is shown all the same.
  const all =
    value === undefined || options.some(([key]) => key === value) ? options : [...options, [value, value]];
  return (
    <ToolbarItem>
      <FormSelect aria-label={label} value={value ?? ''} onChange={(_event, chosen) => onChange(chosen)}>
        <FormSelectOption value="" label={any} />
        {all.map(([key, name]) => (
          <FormSelectOption key={key} value={key} label={name ?? key ?? ''} />
        ))}
      </FormSelect>
    </ToolbarItem>
  );
}
