import { EmptyState, EmptyStateBody } from '@patternfly/react-core';
import { text } from '../text/index.ts';

export function NotFound() {
  return (
    <EmptyState titleText={text.errors.notFound} headingLevel="h1">
      <EmptyStateBody>{text.errors.notFoundHelp}</EmptyStateBody>
    </EmptyState>
  );
}
