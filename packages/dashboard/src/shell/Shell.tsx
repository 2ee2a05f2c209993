import {
  Alert,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  Nav,
  NavItem,
  NavList,
  Page,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
} from '@patternfly/react-core';
import BarsIcon from '@patternfly/react-icons/dist/esm/icons/bars-icon.js';
import { Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router';
import { type FormEvent, type MouseEvent, type ReactNode, useEffect } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { errorFacts } from '../api/error-facts.ts';
import { LiveFeed } from '../live/LiveFeed.tsx';
import { useFeed } from '../live/feed-state.ts';
import { ErrorBoundary } from '../shared/ErrorBoundary.tsx';
import { text } from '../text/index.ts';
import { AccountMenu } from './AccountMenu.tsx';
import icon from './icon.svg';

const MAIN = 'guts-main';

interface Place {
  readonly to: '/' | '/workers' | '/migrations' | '/inventory' | '/sources' | '/destinations';
  readonly label: string;
  /** What one must be allowed to do there. */
  readonly rule: string;
}
const PLACES: readonly Place[] = [
  { to: '/', label: text.nav.overview, rule: 'migrations:list' },
  { to: '/migrations', label: text.nav.migrations, rule: 'migrations:list' },
  { to: '/inventory', label: text.nav.inventory, rule: 'inventory:instances' },
  { to: '/sources', label: text.nav.sources, rule: 'sources:list' },
  { to: '/destinations', label: text.nav.destinations, rule: 'destinations:list' },
  { to: '/workers', label: text.nav.workers, rule: 'limits' },
];

const isAt = (pathname: string, to: Place['to']): boolean =>
  to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`);

/** Alone: the head, the places, and the screen. In Horizon the head and the places are Horizon's. */
export function Shell() {
  const { boot } = useApp();
  const { pathname } = useLocation();
  const title = PLACES.find(({ to }) => isAt(pathname, to))?.label;
  useEffect(() => {
    document.title = title === undefined ? text.product : `${title} – ${text.product}`;
  }, [title]);
  const screen = (
    <ErrorBoundary of={pathname}>
      <LostBanner />
      <Outlet />
    </ErrorBoundary>
  );
  return (
    <LiveFeed>
      {boot.mode === 'horizon' ? (
        // PatternFly measures sections by what its page says; the rest of that page is Horizon's.
        <div id={MAIN} className="pf-v6-c-page guts-framed">
          <Places horizontal />
          {screen}
        </div>
      ) : (
        <Framed>{screen}</Framed>
      )}
    </LiveFeed>
  );
}

function Framed({ children }: { readonly children: ReactNode }) {
  const head = (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label={text.nav.toggle}>
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component="span" className="guts-logo">
            <img src={icon} alt="" width={32} height={32} />
            <span>{text.product}</span>
            <span className="guts-quiet">{text.productLong}</span>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <AccountMenu />
      </MastheadContent>
    </Masthead>
  );
  const side = (
    <PageSidebar>
      <PageSidebarBody>
        <Places />
      </PageSidebarBody>
    </PageSidebar>
  );
  const skip = (
    <SkipToContent
      href={`#${MAIN}`}
      onClick={(event) => {
        // The page has a <base>: the address of the link alone would lead away.
        event.preventDefault();
        document.getElementById(MAIN)?.focus();
      }}
    >
      {text.skip}
    </SkipToContent>
  );
  return (
    <Page
      masthead={head}
      sidebar={side}
      isManagedSidebar
      skipToContent={skip}
      mainContainerId={MAIN}
      mainTabIndex={-1}
    >
      {children}
    </Page>
  );
}

function Places({ horizontal = false }: { readonly horizontal?: boolean }) {
  const may = useMay();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const router = useRouter();
  return (
    <Nav aria-label={text.nav.label} variant={horizontal ? 'horizontal-subnav' : 'default'}>
      <NavList>
        {PLACES.filter(({ rule }) => may(rule)).map(({ to, label }) => (
          <NavItem
            key={to}
            to={router.buildLocation({ to }).href}
            isActive={isAt(pathname, to)}
            // With a key held it opens another tab, as any link.
            onClick={(event: MouseEvent | FormEvent) => {
              if ('ctrlKey' in event && (event.ctrlKey || event.metaKey || event.shiftKey)) return;
              event.preventDefault();
              void navigate({ to });
            }}
          >
            {label}
          </NavItem>
        ))}
      </NavList>
    </Nav>
  );
}

function LostBanner() {
  const { state, refusal } = useFeed();
  if (state !== 'lost') return null;
  const told = refusal === null ? null : errorFacts(refusal);
  return (
    <Alert
      variant="warning"
      isInline
      isLiveRegion
      title={told ? text.feed.refused : text.feed.lost}
      className="guts-lost"
    >
      {told ? <p>{told.message}</p> : null}
      {told?.remedy ? <p>{told.remedy}</p> : null}
      {told?.requestId ? <p className="guts-quiet">{text.errors.request(told.requestId)}</p> : null}
    </Alert>
  );
}
