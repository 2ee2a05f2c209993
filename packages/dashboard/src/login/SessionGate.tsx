import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { useApp } from '../app.tsx';
import type { SessionState } from '../api/session.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Loading } from '../shared/Loading.tsx';
import { HorizonSession } from './HorizonSession.tsx';
import { takeLinkCode } from './link-code.ts';

const LoginScreen = lazy(async () => ({ default: (await import('./LoginScreen.tsx')).LoginScreen }));
const LoginAgain = lazy(async () => ({ default: (await import('./LoginAgain.tsx')).LoginAgain }));

const linkCode = takeLinkCode(window.location, window.history);

/**
 * Shows the app to who has a session, and a login to others. A session that ends while the app is shown is asked for
 * again above it: what was typed stays.
 */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const { sessions } = useApp();
  return sessions ? <OwnSession>{children}</OwnSession> : <HorizonSession>{children}</HorizonSession>;
}

export function useSession(): SessionState | undefined {
  const { sessions } = useApp();
  return useQuery({
    queryKey: ['session'],
    queryFn: () => (sessions ? sessions.show() : { login: [], session: null }),
    enabled: sessions !== null,
    staleTime: 60_000,
  }).data;
}

function OwnSession({ children }: { readonly children: ReactNode }) {
  const { sessions } = useApp();
  const { data, error } = useQuery({
    queryKey: ['session'],
    queryFn: () => (sessions ? sessions.show() : { login: [], session: null }),
    staleTime: 60_000,
    refetchInterval: (query) => (query.state.error ? 3000 : false),
  });
  const [had, setHad] = useState<string | null>(null);
  const who = data?.session ? JSON.stringify([data.session.user_id, data.session.project_id]) : null;
  if (who !== null && had === null) setHad(who);
  const another = who !== null && had !== null && who !== had;
  useEffect(() => {
    // Somebody else, in another tab: nothing of before may stay.
    if (another) window.location.reload();
  }, [another]);
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  if (!data.session && had === null)
    return (
      <Suspense fallback={<Loading />}>
        <LoginScreen ways={data.login} linkCode={linkCode} />
      </Suspense>
    );
  return (
    <>
      {children}
      {data.session ? null : (
        <Suspense fallback={null}>
          <LoginAgain ways={data.login} />
        </Suspense>
      )}
    </>
  );
}
