import type { Endpoint } from '@guts/contract';
import { Alert, Button } from '@patternfly/react-core';
import { useCallback } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { changeEndpoint, type Side, startOperation } from './queries.ts';

const words = text.endpoints;

/** Shows the fingerprint of a certificate that is not trusted, and pins it for who has compared it. */
export function Untrusted({
  endpoint,
  side,
  fingerprint,
}: {
  readonly endpoint: Endpoint;
  readonly side: Side;
  readonly fingerprint: string;
}) {
  const { client } = useApp();
  const may = useMay();
  const pin = useOnce(
    useCallback(async () => {
      const settings = { ...endpoint.settings, fingerprint };
      await changeEndpoint(client, side, endpoint.id, { settings });
      await startOperation(client, side, endpoint.id, 'validate');
      await startOperation(client, side, endpoint.id, 'refresh');
    }, [client, side, endpoint, fingerprint]),
  );
  return (
    <Alert variant="warning" isInline title={words.untrusted}>
      <p>{words.untrustedHelp}</p>
      <p>
        <code className="guts-fingerprint">{fingerprint}</code>
      </p>
      {pin.error === null ? null : <ErrorNote error={pin.error} />}
      {may(`${side}s:update`) ? (
        <Button variant="secondary" isLoading={pin.busy} isDisabled={pin.busy} onClick={() => pin.run()}>
          {words.pin}
        </Button>
      ) : null}
    </Alert>
  );
}
