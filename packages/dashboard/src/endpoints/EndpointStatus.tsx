import type { Endpoint } from '@guts/contract';
import { Label } from '@patternfly/react-core';
import { text } from '../text/index.ts';

const LOOKS = {
  valid: { status: 'success' },
  invalid: { status: 'danger' },
  unknown: { color: 'grey' },
} as const;

export function EndpointStatus({ status }: Pick<Endpoint, 'status'>) {
  return (
    <Label isCompact {...LOOKS[status]}>
      {text.endpoints.statuses[status]}
    </Label>
  );
}
