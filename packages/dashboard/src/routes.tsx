import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { readBoardSearch } from './migrations/board-search.ts';
import { readTab } from './migrations/tabs.ts';
import { NotFound } from './shell/NotFound.tsx';
import { Shell } from './shell/Shell.tsx';
import { Loading } from './shared/Loading.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const index = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/migrations', replace: true });
  },
});

const board = createRoute({
  getParentRoute: () => root,
  path: 'migrations',
  validateSearch: readBoardSearch,
  component: lazyRouteComponent(() => import('./migrations/Board.tsx'), 'Board'),
});

const migration = createRoute({
  getParentRoute: () => root,
  path: 'migrations/$id',
  validateSearch: (search: Record<string, unknown>) => readTab(search),
  component: lazyRouteComponent(() => import('./migrations/Detail.tsx'), 'Detail'),
});

const tree = root.addChildren([index, board, migration]);

/** @param base path where the app's own addresses begin */
export function createAppRouter(base: string) {
  return createRouter({
    routeTree: tree,
    basepath: base,
    defaultPendingComponent: Loading,
    defaultPreload: 'intent',
    scrollRestoration: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
