import { Bullseye } from '@patternfly/react-core';
import { Spinner } from '@patternfly/react-core';
import { text } from '../text/index.ts';

export function Loading() {
  return (
    <Bullseye className="guts-loading">
      <Spinner size="lg" aria-label={text.loading} />
    </Bullseye>
  );
}
