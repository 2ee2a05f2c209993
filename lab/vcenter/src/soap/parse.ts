import { SaxesParser } from 'saxes';

/** An element of a request, by its local name. */
export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

export class MalformedRequest extends Error {
  readonly code = 'malformed_request';
}

/**
 * Parses an XML document with namespaces and gives its root. Prefixes are dropped from element and attribute names,
 * and from xsi:type values.
 * @throws MalformedRequest
 */
export function parseXml(text: string): Node {
  const parser = new SaxesParser({ xmlns: true });
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const stack: Node[] = [root];
  parser.on('opentag', (tag) => {
    const attributes: Record<string, string> = {};
    for (const attribute of Object.values(tag.attributes)) {
      if (attribute.prefix === 'xmlns' || attribute.name === 'xmlns') continue;
      const isType = attribute.uri === 'http://www.w3.org/2001/XMLSchema-instance';
      attributes[isType ? `xsi:${attribute.local}` : attribute.local] = isType
        ? attribute.value.replace(/^.*:/, '')
        : attribute.value;
    }
    const node: Node = { name: tag.local, attributes, children: [], text: '' };
    stack.at(-1)?.children.push(node);
    stack.push(node);
  });
  parser.on('text', (chunk) => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += chunk;
  });
  parser.on('cdata', (chunk) => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += chunk;
  });
  parser.on('closetag', () => void stack.pop());
  parser.on('error', (error) => {
    throw new MalformedRequest(`The request is no well-formed XML: ${error.message}`);
  });
  parser.write(text).close();
  const first = root.children[0];
  if (first === undefined) throw new MalformedRequest('The request is empty.');
  return first;
}

export function child(node: Node | undefined, name: string): Node | undefined {
  return node?.children.find((c) => c.name === name);
}

export function childrenOf(node: Node | undefined, name: string): readonly Node[] {
  return node === undefined ? [] : node.children.filter((c) => c.name === name);
}

export function textOf(node: Node | undefined, name: string): string | undefined {
  return child(node, name)?.text;
}

export function boolOf(node: Node | undefined, name: string): boolean | undefined {
  const text = textOf(node, name)?.trim();
  return text === undefined ? undefined : text === 'true' || text === '1';
}

export function intOf(node: Node | undefined, name: string): number | undefined {
  const text = textOf(node, name)?.trim();
  return text === undefined || text === '' ? undefined : Number(text);
}
