import { ProtocolError } from '../errors.ts';

/** A managed object reference: its type and its id within one vCenter or ESXi. */
export interface ManagedRef {
  readonly type: string;
  readonly value: string;
}

/** Most elements have none: an array for each would be as large as the element. */
const NONE: readonly XmlElement[] = [];

/** An element of an answer. Lists are repeated elements: ask with {@link all}, also where one is expected. */
export class XmlElement {
  /** Local name. */
  readonly name: string;
  /** Local name of `xsi:type`, whatever its prefix. */
  readonly xsiType: string | null;
  /** The `type` attribute of a managed object reference. */
  readonly refType: string | null;
  /** '' where there are elements: white space between them is layout. */
  readonly text: string;
  readonly elements: readonly XmlElement[];

  constructor(
    name: string,
    {
      xsiType = null,
      refType = null,
      text = '',
      elements = NONE,
    }: Partial<Pick<XmlElement, 'xsiType' | 'refType' | 'text' | 'elements'>>,
  ) {
    this.name = name;
    this.xsiType = xsiType;
    this.refType = refType;
    this.text = text;
    this.elements = elements;
  }

  all(name: string): XmlElement[] {
    return this.elements.filter((one) => one.name === name);
  }

  /** The first of that name along a dotted path. */
  find(path: string): XmlElement | null {
    // Asked some hundred times of each machine.
    const dot = path.indexOf('.');
    const first = dot === -1 ? path : path.slice(0, dot);
    const found = this.elements.find((one) => one.name === first) ?? null;
    return dot === -1 ? found : (found?.find(path.slice(dot + 1)) ?? null);
  }

  /** @throws ProtocolError when it is absent */
  get(path: string): XmlElement {
    const found = this.find(path);
    if (!found) throw new ProtocolError(`the answer has no ${path} in ${this.name}`);
    return found;
  }

  textOf(path: string): string | null {
    return this.find(path)?.text ?? null;
  }
  boolOf(path: string): boolean {
    const text = this.textOf(path);
    return text === 'true' || text === '1';
  }
  intOf(path: string): number | null {
    return this.find(path)?.int() ?? null;
  }
  longOf(path: string): bigint | null {
    return this.find(path)?.long() ?? null;
  }
  refOf(path: string): ManagedRef | null {
    return this.find(path)?.ref() ?? null;
  }

  /** xsd:int and shorter. */
  int(): number {
    if (!/^\s*[+-]?\d+\s*$/.test(this.text))
      throw new ProtocolError(`${this.name} is no number: ${this.text}`);
    return Number(this.text);
  }

  /** xsd:long: 64 bits, which a JavaScript number cannot hold. */
  long(): bigint {
    if (!/^\s*[+-]?\d+\s*$/.test(this.text))
      throw new ProtocolError(`${this.name} is no number: ${this.text}`);
    return BigInt(this.text.trim());
  }

  ref(): ManagedRef {
    return { type: this.refType ?? '', value: this.text };
  }
}

/** A size in bytes that a number holds exactly (below 8 PiB). @throws ProtocolError when it does not */
export function safeBytes(value: bigint, what: string): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new ProtocolError(`${what} is out of range: ${value}`);
  return Number(value);
}
