import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { type ReactNode, useId } from 'react';
import { text } from '../text/index.ts';
import { ErrorNote } from './ErrorNote.tsx';

interface Props {
  readonly title: string;
  readonly body: string;
  readonly yes: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  /** What must hold before one may say yes. */
  readonly ready?: boolean;
  readonly children?: ReactNode;
  readonly onYes: () => void;
  readonly onClose: () => void;
}

/** Asks before something that is hard to take back. */
export function ConfirmDialog(props: Props) {
  const id = useId();
  return (
    <Modal
      isOpen
      variant="small"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-body`}
      onClose={props.onClose}
    >
      <ModalHeader
        title={props.title}
        labelId={`${id}-title`}
        {...(props.danger ? { titleIconVariant: 'warning' as const } : {})}
      />
      <ModalBody id={`${id}-body`}>
        <p>{props.body}</p>
        {props.children}
        {props.error === null ? null : <ErrorNote error={props.error} />}
      </ModalBody>
      <ModalFooter>
        <Button
          variant={props.danger ? 'danger' : 'primary'}
          isLoading={props.busy}
          isDisabled={props.busy || props.ready === false}
          onClick={props.onYes}
        >
          {props.yes}
        </Button>
        <Button variant="link" onClick={props.onClose}>
          {text.close}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
