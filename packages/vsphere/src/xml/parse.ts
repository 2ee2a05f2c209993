import { SaxesParser, type SaxesTagNS } from 'saxes';
import { ProtocolError } from '../errors.ts';
import { XmlElement } from './element.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
/** No answer of a paged call comes near it; bytes. */
const DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024;
const MAX_DEPTH = 200;

/** Elements that are handed over as soon as they are whole, and are not part of what is read. */
export interface Each {
  /** Local names from the root down to such an element. */
  readonly path: readonly string[];
  readonly take: (element: XmlElement) => void;
}

/** An element whose end has not come yet. */
interface Open {
  name: string;
  xsiType: string | null;
  refType: string | null;
  text: string;
  readonly elements: XmlElement[];
}

/** Makes elements of what a parser meets. */
class Builder {
  root: XmlElement | null = null;
  readonly #each: Each | null;
  /** One for each depth, used again and again. */
  readonly #open: Open[] = [];
  #depth = 0;
  /** How many of the open elements, from the root, are on the path to those that are handed over. */
  #onPath = 0;
  /** A text's piece of what was read would keep all of that alive: names are few, and are kept once. */
  readonly #names = new Map<string, string>();

  constructor(each: Each | null) {
    this.#each = each;
  }

  begin({ local, attributes }: SaxesTagNS): void {
    if (this.#depth === MAX_DEPTH) throw new ProtocolError('the answer is nested too deeply');
    let open = this.#open[this.#depth];
    if (!open) {
      open = { name: '', xsiType: null, refType: null, text: '', elements: [] };
      this.#open.push(open);
    }
    open.name = this.#once(local);
    open.xsiType = null;
    open.refType = null;
    open.text = '';
    open.elements.length = 0;
    // The parser's record of attributes has no prototype.
    for (const key in attributes) {
      const attribute = attributes[key];
      if (attribute?.local !== 'type') continue;
      if (attribute.uri === XSI) open.xsiType = this.#once(localPart(attribute.value));
      else if (attribute.uri === '') open.refType = this.#once(attribute.value);
    }
    if (this.#onPath === this.#depth && this.#each?.path[this.#depth] === open.name) this.#onPath += 1;
    this.#depth += 1;
  }

  text(piece: string): void {
    const open = this.#open[this.#depth - 1];
    // Outside of the root there is only layout.
    if (open && this.#depth > 0) open.text += piece;
  }

  end(): void {
    const open = this.#open[this.#depth - 1];
    if (!open) throw new ProtocolError('the answer ends an element that did not begin');
    const whole = this.#onPath === this.#depth && this.#each?.path.length === this.#depth;
    this.#depth -= 1;
    if (this.#onPath > this.#depth) this.#onPath = this.#depth;
    const { name, xsiType, refType, elements } = open;
    const element =
      elements.length === 0
        ? new XmlElement(name, { xsiType, refType, text: open.text })
        : new XmlElement(name, { xsiType, refType, elements: elements.slice() });
    if (whole) this.#each?.take(element);
    else if (this.#depth === 0) this.root = element;
    else this.#open[this.#depth - 1]?.elements.push(element);
  }

  #once(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, name);
    return name;
  }
}

/**
 * Reads an XML document as it arrives, never holding its text. Namespaces are honoured: any prefix may stand for
 * `xsi`. A document type is refused: SOAP 1.1 section 3 forbids it, and entities are how parsers are attacked.
 * @param each what need not be held together, either; some may have been handed over when an error comes
 * @throws ProtocolError when it is not well formed, too large or too deep, and what `each.take` throws
 */
export async function parseXml(
  body: AsyncIterable<Uint8Array>,
  { limitBytes = DEFAULT_LIMIT_BYTES, each = null }: { limitBytes?: number; each?: Each | null } = {},
): Promise<XmlElement> {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const builder = new Builder(each);
  parser.on('error', (error) => {
    throw new ProtocolError(`the answer is not well-formed XML: ${error.message}`);
  });
  parser.on('doctype', () => {
    throw new ProtocolError('the answer has a document type, which SOAP forbids');
  });
  parser.on('opentag', (tag) => builder.begin(tag));
  parser.on('text', (text) => builder.text(text));
  parser.on('cdata', (text) => builder.text(text));
  parser.on('closetag', () => builder.end());
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new ProtocolError(`the answer is longer than ${limitBytes} bytes`);
    parser.write(decode(decoder, chunk));
  }
  parser.write(decode(decoder, null)).close();
  if (!builder.root) throw new ProtocolError('the answer is empty');
  return builder.root;
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | null): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (error) {
    throw new ProtocolError('the answer is not UTF-8', { cause: error });
  }
}

function localPart(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
