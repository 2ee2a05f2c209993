import { filterSpec } from '../collector/filter-spec.ts';
import type { Collector } from '../collector/collectors.ts';
import { invalidArgument } from '../soap/faults.ts';
import { child, intOf, textOf } from '../soap/parse.ts';
import { refValue } from '../soap/values.ts';
import type { Call, Methods } from '../vim.ts';

const keyOf = (call: Call): string => call.session?.key ?? '';

function collectorOf(call: Call): Collector {
  return call.vim.collectors.get(keyOf(call), call.self);
}

export const updateMethods: Methods = {
  CreatePropertyCollector: (call) => refValue(call.vim.collectors.create(keyOf(call))),
  DestroyPropertyCollector: (call) => {
    call.vim.collectors.destroy(keyOf(call), call.self);
    return undefined;
  },
  CreateFilter: (call) => {
    const spec = child(call.args, 'spec');
    if (spec === undefined) throw invalidArgument('spec');
    return refValue(collectorOf(call).addFilter(filterSpec(spec)));
  },
  DestroyPropertyFilter: (call) => {
    call.vim.collectors.destroyFilter(keyOf(call), call.self);
    return undefined;
  },
  WaitForUpdatesEx: (call) => {
    const options = child(call.args, 'options');
    const asked = intOf(options, 'maxObjectUpdates') ?? Number.POSITIVE_INFINITY;
    return collectorOf(call).wait(
      textOf(call.args, 'version')?.trim() ?? '',
      {
        maxWaitSeconds: intOf(options, 'maxWaitSeconds'),
        maxObjectUpdates: Math.max(1, Math.min(asked, call.vim.settings.pageLimit)),
      },
      call.signal,
    );
  },
  WaitForUpdates: (call) =>
    collectorOf(call).wait(
      textOf(call.args, 'version')?.trim() ?? '',
      { maxWaitSeconds: undefined, maxObjectUpdates: Number.POSITIVE_INFINITY },
      call.signal,
    ),
  CheckForUpdates: (call) =>
    collectorOf(call).wait(
      textOf(call.args, 'version')?.trim() ?? '',
      { maxWaitSeconds: 0, maxObjectUpdates: Number.POSITIVE_INFINITY },
      call.signal,
    ),
  CancelWaitForUpdates: (call) => {
    collectorOf(call).cancel();
    return undefined;
  },
};
