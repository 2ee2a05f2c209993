import { type ApiClient, routes, type Service } from '@guts/contract';
import {
  Dropdown,
  DropdownItem,
  DropdownList,
  FormGroup,
  MenuToggle,
  TextInput,
} from '@patternfly/react-core';
import EllipsisIcon from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon.js';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useApp } from '../app.tsx';
import { ConfirmDialog } from '../shared/ConfirmDialog.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';

const words = text.workers;
const MIB = 2 ** 20;

type Asked = 'disable' | 'drain' | 'enable' | 'limit' | 'forget';
interface Answers {
  readonly reason: string;
  /** MiB per second, as typed. */
  readonly limit: string;
}

async function ask(client: ApiClient, id: string, asked: Asked, { reason, limit }: Answers): Promise<void> {
  const params = { id };
  if (asked === 'forget') return client.call(routes.services.remove, { params });
  const bodies = {
    enable: { disabled: false },
    disable: { disabled: true, reason },
    drain: { disabled: true, drain: true, reason },
    limit: { bytes_per_second_limit: limit === '' ? null : Math.round(Number(limit) * MIB) },
  };
  await client.call(routes.services.update, { params, body: bodies[asked] });
}

/** Disables, drains, limits or forgets a daemon. */
export function ServiceActions({ service }: { readonly service: Service }) {
  const { client } = useApp();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState<Exclude<Asked, 'enable'> | null>(null);
  const limit = service.bytes_per_second_limit;
  const [answers, setAnswers] = useState<Answers>({
    reason: '',
    limit: limit === null ? '' : String(limit / MIB),
  });
  const run = useOnce(
    useCallback(
      async (asked: Asked, given: Answers) => {
        await ask(client, service.id, asked, given);
        setAsking(null);
        await queries.invalidateQueries({ queryKey: ['services'] });
      },
      [client, queries, service.id],
    ),
  );
  const worker = service.binary === 'guts-migration';
  const offered: readonly Asked[] = [
    ...(service.alive && !service.disabled
      ? (['disable', ...(worker ? (['drain'] as const) : [])] as const)
      : []),
    ...(service.disabled ? (['enable'] as const) : []),
    ...(worker && service.alive ? (['limit'] as const) : []),
    ...(service.alive ? [] : (['forget'] as const)),
  ];
  const choose = (asked: Asked): void => {
    setOpen(false);
    run.clear();
    if (asked === 'enable') run.run(asked, answers);
    else setAsking(asked);
  };
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        popperProps={{ position: 'right' }}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            variant="plain"
            aria-label={`${words.actions}: ${service.binary} ${service.host}`}
            isExpanded={open}
            isDisabled={offered.length === 0}
            onClick={() => setOpen(!open)}
            icon={<EllipsisIcon />}
          />
        )}
      >
        <DropdownList>
          {offered.map((asked) => (
            <DropdownItem key={asked} onClick={() => choose(asked)}>
              {words[asked]}
            </DropdownItem>
          ))}
        </DropdownList>
      </Dropdown>
      {run.error !== null && asking === null ? <ErrorNote error={run.error} /> : null}
      {asking === null ? null : (
        <ConfirmDialog
          title={words[`${asking}Title`](service.host)}
          body={words[`${asking}Help`]}
          yes={asking === 'limit' ? text.save : words[asking]}
          danger={asking === 'drain' || asking === 'forget'}
          busy={run.busy}
          error={run.error}
          ready={readyOf(asking, answers)}
          onYes={() => run.run(asking, answers)}
          onClose={() => setAsking(null)}
        >
          {asking === 'disable' || asking === 'drain' ? (
            <FormGroup label={words.reason} isRequired fieldId="service-reason" className="guts-gap">
              <TextInput
                id="service-reason"
                value={answers.reason}
                maxLength={500}
                onChange={(_event, reason) => setAnswers((now) => ({ ...now, reason }))}
              />
            </FormGroup>
          ) : null}
          {asking === 'limit' ? (
            <FormGroup label={words.limitField} fieldId="service-limit" className="guts-gap">
              <TextInput
                id="service-limit"
                type="number"
                value={answers.limit}
                onChange={(_event, typed) => setAnswers((now) => ({ ...now, limit: typed }))}
              />
            </FormGroup>
          ) : null}
        </ConfirmDialog>
      )}
    </>
  );
}

function readyOf(asking: Asked, { reason, limit }: Answers): boolean {
  if (asking === 'disable' || asking === 'drain') return reason.trim() !== '';
  return asking !== 'limit' || limit === '' || Number(limit) > 0;
}
