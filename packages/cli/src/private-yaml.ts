import { type Document, isMap, isScalar, parseDocument, visit } from 'yaml';

/** The text is no YAML. The message has nothing of the text, which may hold a secret, but the line's number. */
export class PrivateYamlError extends Error {
  /** Counted from 1. */
  readonly line: number;

  /** @param again a key that is there twice */
  constructor(line: number, again = false) {
    super(
      again
        ? `line ${line} has a key that is there already`
        : `line ${line} is not readable as YAML; a value that begins with a special character, such as @ * ! & or %, needs quotes`,
    );
    this.name = 'PrivateYamlError';
    this.line = line;
  }
}

/** What was read, and where it stood. */
export interface PrivateDocument {
  readonly value: unknown;
  /** The line, counted from 1, of the key that these keys of nested maps lead to; null: it is not there. */
  readonly lineOf: (keys: readonly string[]) => number | null;
}

interface YamlFault {
  /** Characters from the start. */
  readonly at: number;
  readonly again: boolean;
}

/** What is not understood first. A tag or an alias of nothing is no value. */
function faultOf(document: Document.Parsed): YamlFault | null {
  const [first] = [...document.errors, ...document.warnings];
  if (first) return { at: first.pos[0], again: first.code === 'DUPLICATE_KEY' };
  let fault: YamlFault | null = null;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      fault = { at: alias.range?.[0] ?? 0, again: false };
      return visit.BREAK;
    },
  });
  return fault;
}

/** Where a key begins: characters from the start. */
function startOf({ contents }: Document.Parsed, keys: readonly string[]): number | null {
  let node: unknown = contents;
  let at: number | null = null;
  for (const key of keys) {
    const pair = isMap(node)
      ? node.items.find((one) => isScalar(one.key) && String(one.key.value) === key)
      : undefined;
    if (!pair || !isScalar(pair.key)) return null;
    at = pair.key.range?.[0] ?? null;
    node = pair.value;
  }
  return at;
}

/**
 * Reads YAML or JSON that may hold secrets: unlike the parser's own, the error shows nothing of it.
 * @throws PrivateYamlError
 */
export function readPrivateYaml(text: string): PrivateDocument {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const lineAt = (at: number): number => text.slice(0, at).split('\n').length;
  const fault = faultOf(document);
  if (fault !== null) throw new PrivateYamlError(lineAt(fault.at), fault.again);
  return {
    value: document.toJS() as unknown,
    lineOf: (keys) => {
      const at = startOf(document, keys);
      return at === null ? null : lineAt(at);
    },
  };
}

/** The value alone. @throws PrivateYamlError */
export function parsePrivateYaml(text: string): unknown {
  return readPrivateYaml(text).value;
}
