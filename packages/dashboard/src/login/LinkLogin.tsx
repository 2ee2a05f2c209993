import { Button, ClipboardCopy, Content, Form, FormGroup, TextInput } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Loading } from '../shared/Loading.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';

/** Logs in by a link that works once: opened with its code, or the code typed. */
export function LinkLogin({ code }: { readonly code: string | null }) {
  const { sessions } = useApp();
  const queries = useQueryClient();
  const [typed, setTyped] = useState('');
  const { run, busy, error } = useOnce(
    useCallback(
      async (given: string) => {
        const state = await sessions?.open({ link: { code: given } });
        queries.setQueryData(['session'], state);
        await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
      },
      [sessions, queries],
    ),
  );
  useEffect(() => {
    if (code !== null) run(code);
  }, [code, run]);
  if (code !== null && error === null) return <Loading />;
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault();
        // The whole link, or its code alone.
        run(/code=([^&\s]+)/.exec(typed)?.[1] ?? typed.trim());
      }}
    >
      {error === null ? null : <ErrorNote error={error} title={text.login.linkUsed} />}
      <Content>
        <p>{text.login.linkHelp}</p>
      </Content>
      <ClipboardCopy isReadOnly hoverTip={text.copy} clickTip={text.copied}>
        {text.login.linkCommand}
      </ClipboardCopy>
      <FormGroup label={text.login.linkField} fieldId="login-link">
        <TextInput
          id="login-link"
          value={typed}
          autoComplete="off"
          onChange={(_event, value) => setTyped(value)}
        />
      </FormGroup>
      <Button type="submit" isBlock isLoading={busy} isDisabled={busy || typed.trim() === ''}>
        {text.login.submit}
      </Button>
    </Form>
  );
}
