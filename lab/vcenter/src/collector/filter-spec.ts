import { boolOf, child, childrenOf, textOf, type Node } from '../soap/parse.ts';
import { invalidArgument } from '../soap/faults.ts';
import type { Ref } from '../soap/values.ts';

export interface PropertySpec {
  readonly type: string;
  readonly all: boolean;
  readonly paths: readonly string[];
}

export interface TraversalSpec {
  readonly name: string | undefined;
  readonly type: string;
  readonly path: string;
  readonly skip: boolean;
  readonly selectSet: readonly Selection[];
}

/** A traversal, or the name of one given elsewhere in the filter. */
export type Selection = { readonly traversal: TraversalSpec } | { readonly named: string };

export interface ObjectSpec {
  readonly ref: Ref;
  readonly skip: boolean;
  readonly selectSet: readonly Selection[];
}

export interface FilterSpec {
  readonly propSet: readonly PropertySpec[];
  readonly objectSet: readonly ObjectSpec[];
  /** Every named traversal anywhere in the filter. */
  readonly named: ReadonlyMap<string, TraversalSpec>;
  readonly reportMissing: boolean;
}

/** @throws VimFault InvalidArgument */
export function refOf(node: Node | undefined, what: string): Ref {
  const type = node?.attributes['type'];
  if (node === undefined || type === undefined || node.text.trim() === '') throw invalidArgument(what);
  return { type, id: node.text.trim() };
}

/** Reads a PropertyFilterSpec. @throws VimFault InvalidArgument */
export function filterSpec(node: Node): FilterSpec {
  const named = new Map<string, TraversalSpec>();
  const propSet = childrenOf(node, 'propSet').map((p) => ({
    type: textOf(p, 'type')?.trim() ?? '',
    all: boolOf(p, 'all') ?? false,
    paths: childrenOf(p, 'pathSet').map((path) => path.text.trim()),
  }));
  const objectSet = childrenOf(node, 'objectSet').map((o) => ({
    ref: refOf(child(o, 'obj'), 'specSet.objectSet.obj'),
    skip: boolOf(o, 'skip') ?? false,
    selectSet: childrenOf(o, 'selectSet').map((s) => selection(s, named)),
  }));
  if (propSet.length === 0 || propSet.some((p) => p.type === '')) throw invalidArgument('specSet.propSet');
  if (objectSet.length === 0) throw invalidArgument('specSet.objectSet');
  return { propSet, objectSet, named, reportMissing: boolOf(node, 'reportMissingObjectsInResults') ?? false };
}

function selection(node: Node, named: Map<string, TraversalSpec>): Selection {
  const name = textOf(node, 'name')?.trim();
  const path = textOf(node, 'path')?.trim();
  if (path === undefined) {
    if (name === undefined) throw invalidArgument('specSet.objectSet.selectSet');
    return { named: name };
  }
  const traversal: TraversalSpec = {
    name,
    type: textOf(node, 'type')?.trim() ?? '',
    path,
    skip: boolOf(node, 'skip') ?? false,
    selectSet: childrenOf(node, 'selectSet').map((s) => selection(s, named)),
  };
  if (name !== undefined && name !== '') named.set(name, traversal);
  return { traversal };
}
