import { Button, Content, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { routes } from '@guts/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect } from 'react';
import { useApp } from '../app.tsx';
import { text } from '../text/index.ts';

/** Whether Horizon's session is good; set to false by a call that was refused for want of one. */
export const HORIZON_SESSION = ['horizon-session'];

/**
 * Above the app, when Horizon's session has ended: one logs in to Horizon in another tab and comes back; what was typed
 * stays.
 */
export function HorizonSession({ children }: { readonly children: ReactNode }) {
  const { boot, client } = useApp();
  const queries = useQueryClient();
  const { data: good, refetch } = useQuery({
    queryKey: HORIZON_SESSION,
    queryFn: async () => {
      await client.call(routes.me);
      return true;
    },
    initialData: true,
    enabled: false,
    retry: false,
  });
  const look = useCallback(async (): Promise<void> => {
    const { data } = await refetch();
    // What was refused meanwhile is asked for again.
    if (data)
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== HORIZON_SESSION[0] });
  }, [queries, refetch]);
  useEffect(() => {
    const onFocus = (): void => {
      if (!good) void look();
    };
    window.addEventListener('focus', onFocus);
    return () => window.removeEventListener('focus', onFocus);
  }, [good, look]);
  const next = encodeURIComponent(`${window.location.pathname}${window.location.search}`);
  return (
    <>
      {children}
      <Modal isOpen={!good} variant="small" aria-labelledby="horizon-login">
        <ModalHeader title={text.login.again} labelId="horizon-login" />
        <ModalBody>
          <Content>
            <p>{text.login.horizonHelp}</p>
          </Content>
        </ModalBody>
        <ModalFooter>
          <Button component="a" href={`${boot.login ?? ''}?next=${next}`} target="_blank" rel="opener">
            {text.login.horizon}
          </Button>
          <Button variant="secondary" onClick={() => void look()}>
            {text.login.horizonDone}
          </Button>
        </ModalFooter>
      </Modal>
    </>
  );
}
