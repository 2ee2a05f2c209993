import { filterSpec } from '../collector/filter-spec.ts';
import { child, childrenOf, intOf, textOf } from '../soap/parse.ts';
import { invalidArgument } from '../soap/faults.ts';
import type { Call, Methods } from '../vim.ts';
import type { FilterSpec } from '../collector/filter-spec.ts';

function specs(call: Call): readonly FilterSpec[] {
  const sets = childrenOf(call.args, 'specSet').map(filterSpec);
  if (sets.length === 0) throw invalidArgument('specSet');
  return sets;
}

function token(call: Call): string {
  return textOf(call.args, 'token')?.trim() ?? '';
}

export const retrieveMethods: Methods = {
  RetrieveProperties: (call) => call.vim.retrievals.all(specs(call), call.session?.key ?? ''),
  RetrievePropertiesEx: (call) => {
    const asked = intOf(child(call.args, 'options'), 'maxObjects');
    if (asked !== undefined && asked <= 0) throw invalidArgument('options.maxObjects');
    return call.vim.retrievals.first(specs(call), asked ?? Number.POSITIVE_INFINITY, call.session?.key ?? '');
  },
  ContinueRetrievePropertiesEx: (call) => call.vim.retrievals.next(token(call)),
  CancelRetrievePropertiesEx: (call) => {
    call.vim.retrievals.cancel(token(call));
    return undefined;
  },
};
