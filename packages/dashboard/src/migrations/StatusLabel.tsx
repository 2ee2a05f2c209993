import type { Migration } from '@guts/contract';
import { Label, type LabelProps } from '@patternfly/react-core';
import BanIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon.js';
import CheckIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon.js';
import ExclamationIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon.js';
import HandIcon from '@patternfly/react-icons/dist/esm/icons/hand-paper-icon.js';
import InProgressIcon from '@patternfly/react-icons/dist/esm/icons/in-progress-icon.js';
import PendingIcon from '@patternfly/react-icons/dist/esm/icons/pending-icon.js';
import UndoIcon from '@patternfly/react-icons/dist/esm/icons/undo-icon.js';
import type { ReactNode } from 'react';
import { text } from '../text/index.ts';

type Look = Pick<LabelProps, 'color' | 'status'> & { readonly icon: ReactNode };

const LOOKS: Readonly<Record<Migration['status'], Look>> = {
  queued: { color: 'grey', icon: <PendingIcon /> },
  scheduled: { color: 'grey', icon: <PendingIcon /> },
  running: { color: 'blue', icon: <InProgressIcon /> },
  awaiting_cutover: { color: 'yellow', icon: <HandIcon /> },
  failed: { color: 'red', icon: <ExclamationIcon /> },
  cancelling: { color: 'orange', icon: <InProgressIcon /> },
  completed: { color: 'green', icon: <CheckIcon /> },
  reverting: { color: 'orange', icon: <InProgressIcon /> },
  committing: { color: 'blue', icon: <InProgressIcon /> },
  cancelled: { color: 'grey', icon: <BanIcon /> },
  reverted: { color: 'grey', icon: <UndoIcon /> },
  committed: { color: 'teal', icon: <CheckIcon /> },
};

export function StatusLabel({ status }: { readonly status: Migration['status'] }) {
  return (
    <Label {...LOOKS[status]} isCompact>
      {text.migrations.statuses[status]}
    </Label>
  );
}
