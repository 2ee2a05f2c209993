import { ApiCallError, CSRF_HEADER } from '@guts/contract';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { createCalls, type Csrf } from './api/calls.ts';
import { type SessionState, SessionClient } from './api/session.ts';
import { type App, AppContext } from './app.tsx';
import type { Boot } from './boot.ts';
import { horizonCsrf } from './login/horizon-csrf.ts';
import { HORIZON_SESSION } from './login/HorizonSession.tsx';
import { SessionGate } from './login/SessionGate.tsx';
import { createAppRouter } from './routes.tsx';

const RETRIES = 2;
/** Queries that tell who asks. */
const IDENTITY: readonly unknown[] = ['session', 'me'];

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events say what is stale; this is for what no event tells.
        staleTime: 30_000,
        retry: (count, error) =>
          count < RETRIES && (!(error instanceof ApiCallError) || error.status === 0 || error.status >= 500),
      },
    },
  });
}

function createApp(boot: Boot, queries: QueryClient): App {
  const fetchOf = window.fetch.bind(window);
  const csrf = (): Csrf | null => {
    if (boot.mode === 'horizon') return boot.csrf && horizonCsrf(boot.csrf, document.cookie);
    const state = queries.getQueryData<SessionState>(['session']);
    return state?.session ? { header: CSRF_HEADER, token: state.session.csrf_token } : null;
  };
  return {
    boot,
    client: createCalls(boot, fetchOf, {
      csrf,
      onExpired: () => {
        if (boot.mode === 'horizon') queries.setQueryData(HORIZON_SESSION, false);
        else void queries.invalidateQueries({ queryKey: ['session'] });
      },
      // A role was taken away, or somebody else logged in in another tab.
      onForbidden: () =>
        void queries.invalidateQueries({ predicate: ({ queryKey }) => IDENTITY.includes(queryKey[0]) }),
    }),
    sessions: boot.mode === 'alone' ? new SessionClient(boot, fetchOf) : null,
  };
}

/** What the app stands on, once for a page. */
export interface Parts {
  readonly app: App;
  readonly queries: QueryClient;
  readonly router: ReturnType<typeof createAppRouter>;
}

type Match = { readonly routeId: keyof ReturnType<typeof createAppRouter>['routesById'] };

/** Makes the parts, and asks for what the first screen needs: who is there, and the screen's own script. */
export function prepare(boot: Boot): Parts {
  const queries = createQueryClient();
  const app = createApp(boot, queries);
  const router = createAppRouter(boot.base);
  const { sessions } = app;
  if (sessions)
    void queries.prefetchQuery({ queryKey: ['session'], queryFn: () => sessions.show(), retry: false });
  for (const { routeId } of router.matchRoutes(router.latestLocation) as readonly Match[]) {
    // What fails here is asked for again, and then told.
    router.loadRouteChunk(router.routesById[routeId])?.catch(() => undefined);
  }
  return { app, queries, router };
}

/** The whole app. */
export function Root({ app, queries, router }: Parts) {
  return (
    <QueryClientProvider client={queries}>
      <AppContext value={app}>
        <SessionGate>
          <RouterProvider router={router} />
        </SessionGate>
      </AppContext>
    </QueryClientProvider>
  );
}
