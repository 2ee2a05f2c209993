import { Alert } from '@patternfly/react-core';
import { errorFacts } from '../api/error-facts.ts';
import { text } from '../text/index.ts';

/** An error with what to do about it, and what to look for in the log. */
export function ErrorNote({ error, title }: { readonly error: unknown; readonly title?: string }) {
  const { message, remedy, code, requestId } = errorFacts(error);
  return (
    <Alert variant="danger" isInline title={title ?? message} className="guts-note" role="alert">
      {title === undefined ? null : <p>{message}</p>}
      {remedy === null ? null : <p>{remedy}</p>}
      {code === null && requestId === null ? null : (
        <p className="guts-quiet">
          {[code, requestId === null ? null : text.errors.request(requestId)].filter(Boolean).join(' · ')}
        </p>
      )}
    </Alert>
  );
}
