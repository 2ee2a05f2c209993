import { setImmediate } from 'node:timers/promises';
import { type PreflightQuestion, routes } from '@guts/contract';
import {
  compileBootPattern,
  GutsError,
  type Instance,
  type InventoryQuery,
  type PreflightResult,
  type ProjectScope,
  Tally,
} from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { given, limitOf, nextLink, PAGE_MAX } from '../paging.ts';
import { type Asking, checkInstance, factsOf, notAsked } from '../preflight/questions.ts';
import { serve } from '../serve.ts';
import { specFromWire } from '../wire/new-migration.ts';
import { checkToWire, rulesToWire, tallyToWire } from '../wire/preflight.ts';
import { findEndpoint } from './endpoints.ts';
import { findInstance } from './find-instance.ts';
import { findMapping } from './mappings.ts';

/** Instances that are checked before others are served. */
const AT_ONCE = 50;

type Selected = Pick<
  PreflightQuestion,
  'source' | 'instances' | 'search' | 'power_state' | 'host' | 'datastore' | 'network' | 'folder' | 'guest'
>;

/** Instances that a question selects, a page of the inventory at a time. */
class Selection {
  readonly #parts: ApiParts;
  readonly sourceId: string;
  readonly #instances: readonly Instance[] | null;
  readonly #query: Omit<InventoryQuery, 'limit' | 'marker'>;

  private constructor(
    parts: ApiParts,
    sourceId: string,
    instances: readonly Instance[] | null,
    body: Selected,
  ) {
    this.#parts = parts;
    this.sourceId = sourceId;
    this.#instances = instances;
    const { search, power_state: power, host, datastore, network, folder, guest } = body;
    this.#query = { ...given({ search }), where: given({ power, host, datastore, network, folder, guest }) };
  }

  /** @throws GutsError `not_found`, `ambiguous`; `bad_request` for names together with filters */
  static async of(parts: ApiParts, body: Selected, scope: ProjectScope): Promise<Selection> {
    const source = await findEndpoint(parts, 'source', body.source, scope);
    if (body.instances === undefined) return new Selection(parts, source.id, null, body);
    const { search, power_state, host, datastore, network, folder, guest } = body;
    const filters = given({ search, power_state, host, datastore, network, folder, guest });
    const [filter] = Object.keys(filters);
    if (filter !== undefined)
      throw new GutsError('bad_request', `instances are named, and ${filter} filters them`, {
        field: `body.${filter}`,
        remedy: 'Name instances, or filter all of the source.',
      });
    const found: Instance[] = [];
    for (const text of new Set(body.instances)) found.push(await findInstance(parts, source, text));
    return new Selection(parts, source.id, found, body);
  }

  async page(limit: number, marker: string | undefined): Promise<readonly Instance[]> {
    if (this.#instances) {
      const after = marker === undefined ? 0 : this.#instances.findIndex(({ ref }) => ref === marker) + 1;
      return this.#instances.slice(after, after + limit);
    }
    const rows = await this.#parts.store.listInventory(this.sourceId, 'instance', {
      ...this.#query,
      limit,
      ...given({ marker }),
    });
    return rows.map((row) => row.data as Instance);
  }
}

/** @throws GutsError with the field of the body at fault */
async function askingOf(
  parts: ApiParts,
  body: Omit<PreflightQuestion, 'instances'>,
  scope: ProjectScope,
): Promise<Asking> {
  const { named_mapping: named, destination: to } = body;
  const stored = named === undefined ? null : await findMapping(parts, named, scope);
  const spec = specFromWire({ ...body, destination: to ?? '', instance: '' }, stored?.mapping);
  const { bootPattern } = spec.policies;
  if (bootPattern !== null) compileBootPattern(bootPattern, 'body.policies.boot_pattern');
  const destination = to === undefined ? null : await findEndpoint(parts, 'destination', to, scope);
  return {
    spec,
    mode: body.mode ?? 'cold',
    targetProject: body.target_project ?? null,
    facts: destination && (await factsOf(parts, destination)),
    bytesPerSecond: body.bytes_per_second ?? null,
  };
}

/** One after the other, letting others in between. */
async function checkEach(
  instances: readonly Instance[],
  asking: Asking,
  tell: (instance: Instance, result: PreflightResult) => void,
): Promise<void> {
  for (const [index, instance] of instances.entries()) {
    if (index > 0 && index % AT_ONCE === 0) await setImmediate();
    tell(instance, checkInstance(instance, asking));
  }
}

/** Checks from what was refreshed last: guts-api opens no connection. */
export function preflightRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { preflight } = routes;

  serve(app, preflight.instance, async ({ params, query, scope }) => {
    const source = await findEndpoint(parts, 'source', query.source, scope);
    const row = await parts.store.getInventory(source.id, 'instance', params.ref);
    if (!row)
      throw new GutsError('not_found', `source "${source.name}" has no instance ${params.ref}`, {
        remedy: 'Refresh the source if it is new.',
      });
    const instance = row.data as Instance;
    const asking = await askingOf(parts, query, scope);
    const check = checkToWire(instance, checkInstance(instance, asking));
    return { check, not_asked: notAsked(asking.facts !== null) };
  });

  serve(app, preflight.check, async ({ query, body, scope, href }) => {
    const selection = await Selection.of(parts, body, scope);
    const asking = await askingOf(parts, body, scope);
    const limit = limitOf(query);
    const instances = await selection.page(limit, query.marker);
    const { severity = 'information' } = body;
    const all: ReturnType<typeof checkToWire>[] = [];
    await checkEach(instances, asking, (instance, result) => {
      all.push(checkToWire(instance, result, severity));
    });
    return {
      checks: body.severity === undefined ? all : all.filter(({ findings }) => findings.length > 0),
      not_asked: notAsked(asking.facts !== null),
      links: nextLink(href(preflight.check.path), query, limit, instances.at(-1)?.ref, instances.length),
    };
  });

  serve(app, preflight.summary, async ({ body, scope }) => {
    const selection = await Selection.of(parts, body, scope);
    const asking = await askingOf(parts, body, scope);
    const tally = new Tally();
    for (let marker: string | undefined; ;) {
      const instances = await selection.page(PAGE_MAX, marker);
      await checkEach(instances, asking, (_instance, result) => tally.add(result));
      marker = instances.at(-1)?.ref;
      if (instances.length < PAGE_MAX) break;
    }
    return { summary: tallyToWire(tally, asking.facts, notAsked(asking.facts !== null)) };
  });

  serve(app, preflight.rules, () => Promise.resolve({ rules: rulesToWire() }));
}
