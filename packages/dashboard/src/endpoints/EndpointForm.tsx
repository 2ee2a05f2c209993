import { type Driver, type Endpoint } from '@guts/contract';
import {
  ActionGroup,
  Alert,
  Button,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  TextInput,
} from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useCallback, useState } from 'react';
import { useApp } from '../app.tsx';
import { type Fault, faultsOf, fieldsOf, settingsOf, type Values, valuesOf } from '../schema-form/fields.ts';
import { RareFields, SchemaFields } from '../schema-form/SchemaFields.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Loading } from '../shared/Loading.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { changeEndpoint, createEndpoint, driversQuery, type Side, startOperation } from './queries.ts';

interface Props {
  readonly side: Side;
  /** Null: a new one. */
  readonly endpoint: Endpoint | null;
  readonly onDone: (endpoint: Endpoint) => void;
  readonly onCancel: () => void;
}

/** Adds or changes a source or a destination, by what its driver asks for. */
export function EndpointForm(props: Props) {
  const { client } = useApp();
  const { data, error } = useQuery(driversQuery(client));
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  const drivers = data.filter(({ side }) => side === props.side);
  const [first] = drivers;
  if (!first) return <Alert variant="warning" isInline title={text.endpoints.noDrivers} />;
  return <FilledForm {...props} drivers={drivers} first={first} />;
}

function FilledForm({
  side,
  endpoint,
  drivers,
  first,
  onDone,
  onCancel,
}: Props & { readonly drivers: readonly Driver[]; readonly first: Driver }) {
  const { client } = useApp();
  const queries = useQueryClient();
  const [driverName, setDriverName] = useState(endpoint?.driver ?? first.name);
  const driver = drivers.find(({ name }) => name === driverName) ?? first;
  const settingsFields = fieldsOf(driver.settings);
  const secretFields = fieldsOf(driver.secret);
  const [name, setName] = useState(endpoint?.name ?? '');
  const [settings, setSettings] = useState<Values>(() => valuesOf(settingsFields, endpoint?.settings ?? {}));
  const [secret, setSecret] = useState<Values>({});
  const [looked, setLooked] = useState(false);
  const faults = {
    name: name.trim() === '',
    settings: faultsOf(settingsFields, settings),
    secret: faultsOf(secretFields, secret, endpoint !== null),
  };
  const nothing: Readonly<Record<string, Fault>> = {};
  const save = useOnce(
    useCallback(
      async (body: {
        readonly name: string;
        readonly driver: string;
        readonly settings: Record<string, unknown>;
        readonly secret: Record<string, unknown>;
      }) => {
        const { driver: chosen, secret: typed, ...rest } = body;
        const saved = endpoint
          ? await changeEndpoint(client, side, endpoint.id, {
              ...rest,
              // What was not typed stays.
              ...(Object.keys(typed).length === 0 ? {} : { secret: typed }),
            })
          : await createEndpoint(client, side, { ...rest, driver: chosen, secret: typed });
        await startOperation(client, side, saved.id, 'validate');
        await startOperation(client, side, saved.id, 'refresh');
        await queries.invalidateQueries({ queryKey: [`${side}s`] });
        onDone(saved);
      },
      [client, queries, side, endpoint, onDone],
    ),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setLooked(true);
    if (faults.name || Object.keys({ ...faults.settings, ...faults.secret }).length > 0) return;
    save.run({
      name: name.trim(),
      driver: driver.name,
      settings: settingsOf(settingsFields, settings),
      secret: settingsOf(secretFields, secret),
    });
  };
  return (
    <Form onSubmit={submit} noValidate className="guts-form" isWidthLimited>
      {save.error === null ? null : <ErrorNote error={save.error} />}
      <FormGroup label={text.endpoints.name} isRequired fieldId="endpoint-name">
        <TextInput
          id="endpoint-name"
          value={name}
          isRequired
          autoComplete="off"
          validated={looked && faults.name ? 'error' : 'default'}
          onChange={(_event, typed) => setName(typed)}
        />
      </FormGroup>
      {drivers.length < 2 || endpoint ? null : (
        <FormGroup label={text.endpoints.driver} fieldId="endpoint-driver">
          <FormSelect
            id="endpoint-driver"
            value={driver.name}
            onChange={(_event, chosen) => setDriverName(chosen)}
          >
            {drivers.map((one) => (
              <FormSelectOption key={one.name} value={one.name} label={one.title} />
            ))}
          </FormSelect>
        </FormGroup>
      )}
      <SchemaFields
        id="setting"
        fields={settingsFields}
        values={settings}
        faults={looked ? faults.settings : nothing}
        keeps={false}
        onChange={(key, value) => setSettings((now) => ({ ...now, [key]: value }))}
      />
      <SchemaFields
        id="secret"
        fields={secretFields}
        values={secret}
        faults={looked ? faults.secret : nothing}
        keeps={endpoint !== null}
        onChange={(key, value) => setSecret((now) => ({ ...now, [key]: value }))}
      />
      {(
        [
          ['setting', settingsFields, settings, faults.settings, setSettings],
          ['secret', secretFields, secret, faults.secret, setSecret],
        ] as const
      ).map(([id, fields, values, found, set]) => (
        <RareFields
          key={id}
          id={id}
          fields={fields}
          values={values}
          faults={looked ? found : nothing}
          keeps={id === 'secret' && endpoint !== null}
          onChange={(key, value) => set((now) => ({ ...now, [key]: value }))}
        />
      ))}
      <ActionGroup>
        <Button type="submit" isLoading={save.busy} isDisabled={save.busy}>
          {endpoint ? text.endpoints.saveAndValidate : text.endpoints.addAndValidate}
        </Button>
        <Button variant="link" onClick={onCancel}>
          {text.cancel}
        </Button>
      </ActionGroup>
    </Form>
  );
}
