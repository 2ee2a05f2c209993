import { ApiCallError, type Migration } from '@guts/contract';
import {
  Alert,
  Breadcrumb,
  BreadcrumbItem,
  PageSection,
  Tab,
  Tabs,
  TabTitleText,
  Title,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { Actions } from './Actions.tsx';
import { ProgressTab } from './ProgressTab.tsx';
import { migrationQuery } from './queries.ts';
import { StatusLabel } from './StatusLabel.tsx';
import { type Tab as TabName, TABS } from './tabs.ts';

const ReportTab = lazy(async () => ({ default: (await import('./ReportTab.tsx')).ReportTab }));
const EventsTab = lazy(async () => ({ default: (await import('./EventsTab.tsx')).EventsTab }));
const ArtifactsTab = lazy(async () => ({ default: (await import('./ArtifactsTab.tsx')).ArtifactsTab }));
const SettingsTab = lazy(async () => ({ default: (await import('./SettingsTab.tsx')).SettingsTab }));

const PARTS: Readonly<Record<TabName, (props: { readonly migration: Migration }) => React.ReactNode>> = {
  progress: ProgressTab,
  report: ReportTab,
  events: EventsTab,
  artifacts: ArtifactsTab,
  settings: SettingsTab,
};

const route = getRouteApi('/migrations/$id');

/** One migration, live. */
export function Detail() {
  const { id } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const { client } = useApp();
  const { data: migration, error } = useQuery(migrationQuery(client, id));
  if (!migration) {
    if (!error) return <Loading />;
    const gone = error instanceof ApiCallError && error.status === 404;
    return <ErrorNote error={error} {...(gone ? { title: text.errors.gone } : {})} />;
  }
  const shown: TabName = tab ?? (migration.finished_at === null ? 'progress' : 'report');
  const Part = PARTS[shown];
  return (
    <>
      <PageSection type="breadcrumb">
        <Breadcrumb>
          <BreadcrumbItem
            render={({ className }) => (
              <Link to="/migrations" className={className}>
                {text.migrations.title}
              </Link>
            )}
          />
          <BreadcrumbItem isActive>{migration.name}</BreadcrumbItem>
        </Breadcrumb>
      </PageSection>
      <PageSection className="guts-head">
        <Title headingLevel="h1" className="guts-name">
          {migration.name} <StatusLabel status={migration.status} />
        </Title>
        <Actions migration={migration} />
      </PageSection>
      <PageSection>
        <NextBanner migration={migration} />
      </PageSection>
      <PageSection type="tabs">
        <Tabs
          aria-label={text.migrations.detail.tabsLabel}
          activeKey={shown}
          usePageInsets
          onSelect={(_event, key) =>
            void navigate({ params: { id }, search: { tab: key as TabName }, replace: true })
          }
        >
          {TABS.map((name) => (
            <Tab
              key={name}
              eventKey={name}
              tabContentId="guts-part"
              title={<TabTitleText>{text.migrations.detail.tabs[name]}</TabTitleText>}
            />
          ))}
        </Tabs>
      </PageSection>
      <PageSection isFilled id="guts-part" role="tabpanel" aria-label={text.migrations.detail.tabs[shown]}>
        <Suspense fallback={<Loading />}>
          <Part migration={migration} />
        </Suspense>
      </PageSection>
    </>
  );
}

const LOOK: Readonly<Partial<Record<Migration['status'], 'danger' | 'success' | 'warning'>>> = {
  failed: 'danger',
  awaiting_cutover: 'warning',
  completed: 'success',
  committed: 'success',
};
const PERSON: readonly Migration['status'][] = ['failed', 'awaiting_cutover', 'completed'];

/** What happens next, or what a person must do. */
function NextBanner({ migration: { status, reason, error } }: { readonly migration: Migration }) {
  const { doTitle, nextTitle, reason: reasonLabel } = text.migrations.detail;
  const why = error?.message ?? reason;
  return (
    <Alert variant={LOOK[status] ?? 'info'} isInline title={PERSON.includes(status) ? doTitle : nextTitle}>
      <p>{text.migrations.next[status]}</p>
      {why === null ? null : (
        <p>
          <strong>{`${reasonLabel}: `}</strong>
          {why}
        </p>
      )}
      {error?.remedy === undefined ? null : <p>{error.remedy}</p>}
    </Alert>
  );
}
