import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { readInstanceSearch, readInventorySearch } from './inventory/search.ts';
import { readBoardSearch } from './migrations/board-search.ts';
import { readTab } from './migrations/tabs.ts';
import { readOverviewSearch } from './overview/overview-search.ts';
import { NotFound } from './shell/NotFound.tsx';
import { Shell } from './shell/Shell.tsx';
import { Loading } from './shared/Loading.tsx';
import { readWizardSearch } from './wizard/wizard-search.ts';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: readOverviewSearch,
  component: lazyRouteComponent(() => import('./overview/Overview.tsx'), 'Overview'),
});
const workers = createRoute({
  getParentRoute: () => root,
  path: 'workers',
  component: lazyRouteComponent(() => import('./workers/Workers.tsx'), 'Workers'),
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
  validateSearch: readTab,
  component: lazyRouteComponent(() => import('./migrations/Detail.tsx'), 'Detail'),
});

const sources = createRoute({
  getParentRoute: () => root,
  path: 'sources',
  component: lazyRouteComponent(() => import('./endpoints/EndpointList.tsx'), 'SourceList'),
});
const sourceNew = createRoute({
  getParentRoute: () => root,
  path: 'sources/new',
  component: lazyRouteComponent(() => import('./endpoints/EndpointNew.tsx'), 'SourceNew'),
});
const source = createRoute({
  getParentRoute: () => root,
  path: 'sources/$id',
  component: lazyRouteComponent(() => import('./endpoints/EndpointDetail.tsx'), 'SourceDetail'),
});
const destinations = createRoute({
  getParentRoute: () => root,
  path: 'destinations',
  component: lazyRouteComponent(() => import('./endpoints/EndpointList.tsx'), 'DestinationList'),
});
const destinationNew = createRoute({
  getParentRoute: () => root,
  path: 'destinations/new',
  component: lazyRouteComponent(() => import('./endpoints/EndpointNew.tsx'), 'DestinationNew'),
});
const destination = createRoute({
  getParentRoute: () => root,
  path: 'destinations/$id',
  component: lazyRouteComponent(() => import('./endpoints/EndpointDetail.tsx'), 'DestinationDetail'),
});

const inventory = createRoute({
  getParentRoute: () => root,
  path: 'inventory',
  validateSearch: readInventorySearch,
  component: lazyRouteComponent(() => import('./inventory/Inventory.tsx'), 'Inventory'),
});
const instance = createRoute({
  getParentRoute: () => root,
  path: 'inventory/$ref',
  validateSearch: readInstanceSearch,
  component: lazyRouteComponent(() => import('./inventory/InstanceDetail.tsx'), 'InstanceDetail'),
});

const wizard = createRoute({
  getParentRoute: () => root,
  path: 'new',
  validateSearch: readWizardSearch,
  component: lazyRouteComponent(() => import('./wizard/Wizard.tsx'), 'Wizard'),
});

const tree = root.addChildren([
  overview,
  workers,
  board,
  migration,
  sources,
  sourceNew,
  source,
  destinations,
  destinationNew,
  destination,
  inventory,
  instance,
  wizard,
]);

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
