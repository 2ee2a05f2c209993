import { SaxesParser } from 'saxes';
import { ProtocolError } from '../errors.ts';
import { XmlElement } from './element.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
/** No answer of a paged call comes near it; bytes. */
export const DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024;
const MAX_DEPTH = 200;

/**
 * Reads an XML document as it arrives, never holding its text. Namespaces are honoured: any prefix may stand for
 * `xsi`. A document type is refused: SOAP 1.1 section 3 forbids it, and entities are how parsers are attacked.
 * @throws ProtocolError when it is not well formed, too large or too deep
 */
export async function parseXml(
  body: AsyncIterable<Uint8Array>,
  limitBytes = DEFAULT_LIMIT_BYTES,
): Promise<XmlElement> {
  const parser = new SaxesParser({ xmlns: true });
  const stack: XmlElement[] = [];
  let root: XmlElement | null = null;
  parser.on('error', (error) => {
    throw new ProtocolError(`the answer is not well-formed XML: ${error.message}`);
  });
  parser.on('doctype', () => {
    throw new ProtocolError('the answer has a document type, which SOAP forbids');
  });
  parser.on('opentag', (tag) => {
    let xsiType: string | null = null;
    let refType: string | null = null;
    for (const attribute of Object.values(tag.attributes)) {
      if (attribute.local === 'type' && attribute.uri === XSI) xsiType = localPart(attribute.value);
      else if (attribute.local === 'type' && attribute.uri === '') refType = attribute.value;
    }
    const element = new XmlElement(tag.local, xsiType, refType);
    stack.at(-1)?.elements.push(element);
    root ??= element;
    stack.push(element);
    if (stack.length > MAX_DEPTH) throw new ProtocolError('the answer is nested too deeply');
  });
  parser.on('text', (text) => {
    const element = stack.at(-1);
    if (element) element.text += text;
  });
  parser.on('cdata', (text) => {
    const element = stack.at(-1);
    if (element) element.text += text;
  });
  parser.on('closetag', () => {
    const element = stack.pop();
    // White space between children is layout.
    if (element && element.elements.length > 0) element.text = '';
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new ProtocolError(`the answer is longer than ${limitBytes} bytes`);
    parser.write(decode(decoder, chunk));
  }
  parser.write(decode(decoder, null)).close();
  if (!root) throw new ProtocolError('the answer is empty');
  return root;
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
