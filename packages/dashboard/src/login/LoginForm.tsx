import {
  ActionGroup,
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextInput,
  ToggleGroup,
  ToggleGroupItem,
} from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useCallback, useState } from 'react';
import { useApp } from '../app.tsx';
import type { Credential, LoginWay } from '../api/session.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';

type Way = Exclude<LoginWay, 'link'>;
const FIELDS = {
  password: [
    { key: 'user', label: text.login.user, needed: true, complete: 'username' },
    {
      key: 'password',
      label: text.login.passwordField,
      needed: true,
      secret: true,
      complete: 'current-password',
    },
    { key: 'project', label: text.login.project, needed: true },
    { key: 'user_domain', label: text.login.userDomain, needed: false },
    { key: 'project_domain', label: text.login.projectDomain, needed: false },
  ],
  application_credential: [
    { key: 'id', label: text.login.id, needed: true, complete: 'username' },
    { key: 'secret', label: text.login.secret, needed: true, secret: true, complete: 'current-password' },
  ],
} as const satisfies Readonly<Record<Way, readonly Field[]>>;
interface Field {
  readonly key: string;
  readonly label: string;
  readonly needed: boolean;
  readonly secret?: boolean;
  readonly complete?: string;
}

function credentialOf(way: Way, values: Readonly<Record<string, string>>): Credential {
  const given = Object.fromEntries(
    FIELDS[way].flatMap(({ key }) => {
      const value = values[key] ?? '';
      return value === '' ? [] : [[key, value]];
    }),
  );
  return { [way]: given };
}

/** Logs in by what Keystone knows; the page behind goes on by itself. */
export function LoginForm({ ways }: { readonly ways: readonly LoginWay[] }) {
  const { sessions } = useApp();
  const queries = useQueryClient();
  const offered = (['password', 'application_credential'] as const).filter((way) => ways.includes(way));
  const [way, setWay] = useState<Way>(offered[0] ?? 'password');
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const login = useOnce(
    useCallback(
      async (credential: Credential) => {
        const state = await sessions?.open(credential);
        if (!state) return;
        // Of somebody else, perhaps: nothing of before is kept.
        queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session', type: 'inactive' });
        queries.setQueryData(['session'], state);
        await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
      },
      [sessions, queries],
    ),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    login.run(credentialOf(way, values));
  };
  const complete = FIELDS[way].every(({ key, needed }) => !needed || (values[key] ?? '') !== '');
  return (
    <Form onSubmit={submit} noValidate>
      {offered.length < 2 ? null : (
        <ToggleGroup aria-label={text.login.ways}>
          {offered.map((one) => (
            <ToggleGroupItem
              key={one}
              buttonId={`login-by-${one}`}
              text={one === 'password' ? text.login.password : text.login.credential}
              isSelected={way === one}
              onChange={() => setWay(one)}
            />
          ))}
        </ToggleGroup>
      )}
      {login.error === null ? null : <ErrorNote error={login.error} />}
      {FIELDS[way].map((field: Field) => (
        <FormGroup
          key={field.key}
          label={field.label}
          isRequired={field.needed}
          fieldId={`login-${field.key}`}
        >
          <TextInput
            id={`login-${field.key}`}
            type={field.secret ? 'password' : 'text'}
            value={values[field.key] ?? ''}
            isRequired={field.needed}
            autoComplete={field.complete ?? 'off'}
            onChange={(_event, value) => setValues((all) => ({ ...all, [field.key]: value }))}
          />
          {field.needed ? null : (
            <FormHelperText>
              <HelperText>
                <HelperTextItem>{text.login.domainHelp}</HelperTextItem>
              </HelperText>
            </FormHelperText>
          )}
        </FormGroup>
      ))}
      <ActionGroup>
        <Button type="submit" isBlock isLoading={login.busy} isDisabled={login.busy || !complete}>
          {text.login.submit}
        </Button>
      </ActionGroup>
    </Form>
  );
}
