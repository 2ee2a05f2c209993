import { Breadcrumb, BreadcrumbItem, PageSection, Title } from '@patternfly/react-core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { text } from '../text/index.ts';
import { EndpointForm } from './EndpointForm.tsx';
import type { Side } from './queries.ts';

export const SourceNew = () => <EndpointNew side="source" />;
export const DestinationNew = () => <EndpointNew side="destination" />;

function EndpointNew({ side }: { readonly side: Side }) {
  const navigate = useNavigate();
  const list = side === 'source' ? '/sources' : '/destinations';
  const one = side === 'source' ? '/sources/$id' : '/destinations/$id';
  const words = text.endpoints[side];
  return (
    <>
      <PageSection type="breadcrumb">
        <Breadcrumb>
          <BreadcrumbItem
            render={({ className }) => (
              <Link to={list} className={className}>
                {words.title}
              </Link>
            )}
          />
          <BreadcrumbItem isActive>{words.add}</BreadcrumbItem>
        </Breadcrumb>
      </PageSection>
      <PageSection>
        <Title headingLevel="h1">{words.add}</Title>
      </PageSection>
      <PageSection isFilled>
        <EndpointForm
          side={side}
          endpoint={null}
          onDone={useCallback(({ id }) => void navigate({ to: one, params: { id } }), [navigate, one])}
          onCancel={() => void navigate({ to: list })}
        />
      </PageSection>
    </>
  );
}
