import { GutsError, type ReapInput } from '@guts/core';

/** What the actions of a source or a destination are told. */
interface ActionBody {
  readonly action: string;
  readonly remove?: boolean;
  readonly confirm?: boolean;
  readonly include_unknown?: boolean;
  readonly only?: readonly string[];
}

/** @throws GutsError `bad_request` for a removal that is not confirmed */
export function reapInput(body: ActionBody): ReapInput {
  const { remove = false, confirm = false, include_unknown: includeUnknown = false, only = [] } = body;
  if (remove && !confirm)
    throw new GutsError(
      'bad_request',
      `this would delete what carries our marker and belongs to no live migration${includeUnknown ? ', also what another GUTS may have made' : ''}`,
      {
        field: 'body.confirm',
        remedy: 'List first, without "remove"; then send "confirm": true, with "only" to choose.',
      },
    );
  return { remove, includeUnknown, only };
}

/** Nothing for the other actions. @throws GutsError `bad_request` when they are told what only a reap is */
export function noReapFields({ action, ...rest }: ActionBody): Record<string, never> {
  const [field] = Object.keys(rest);
  if (field !== undefined)
    throw new GutsError('bad_request', `${action} takes no ${field}`, {
      field: `body.${field}`,
      remedy: 'Only a reap does.',
    });
  return {};
}
