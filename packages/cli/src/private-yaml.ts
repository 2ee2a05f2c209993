import { type Document, parseDocument, visit } from 'yaml';

/** The text is no YAML. The message has nothing of the text, which may hold a secret, but the line's number. */
export class PrivateYamlError extends Error {
  constructor(line: number) {
    super(
      `line ${line} is not readable as YAML; a value that begins with a special character, such as @ * ! & or %, needs quotes`,
    );
    this.name = 'PrivateYamlError';
  }
}

/** Where what is not understood begins: characters from the start. A tag or an alias of nothing is no value. */
function faultOf(document: Document.Parsed): number | null {
  const [first] = [...document.errors, ...document.warnings];
  if (first) return first.pos[0];
  let at: number | null = null;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      at = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return at;
}

/**
 * Reads YAML or JSON that may hold secrets: unlike the parser's own, the error shows nothing of it.
 * @throws PrivateYamlError
 */
export function parsePrivateYaml(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const at = faultOf(document);
  if (at !== null) throw new PrivateYamlError(text.slice(0, at).split('\n').length);
  return document.toJS();
}
