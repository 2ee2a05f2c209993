import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import type { XmlElement } from './element.ts';
import { parseXml } from './parse.ts';
import { element, envelope, escapeXml, struct } from './write.ts';

async function* pieces(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}
const parse = (text: string, size?: number) => parseXml(pieces(text, size));

/** What XML 1.0 can hold: no control characters but tab, line feed and carriage return. */
const xmlText = fc.string({ unit: 'binary' }).map((text) =>
  Array.from(text)
    .filter((one) => !/\p{Surrogate}/u.test(one))
    .filter((one) => '\t\n\r'.includes(one) || (one >= ' ' && one !== '\uFFFE' && one !== '\uFFFF'))
    .join(''),
);

describe('writing and reading', () => {
  test('any text comes back, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(xmlText, fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const root = await parse(`<a>${element('b', text)}</a>`, size);
        // Line ends are normalised by XML itself (section 2.11), but an escaped one survives.
        expect(root.get('b').text).toBe(text);
      }),
    );
  });
  test('64-bit numbers keep every bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), async (value) => {
        const root = await parse(`<a>${element('b', value)}</a>`);
        expect(root.get('b').long()).toBe(value);
      }),
    );
  });
  test('fields keep their order, lists are repeated, undefined is left out', () => {
    const spec = struct(
      [
        ['z', 1],
        ['a', [true, false]],
        ['gone', undefined],
        ['r', { ref: { type: 'VirtualMachine', value: 'vm-1' } }],
      ],
      'Spec',
    );
    expect(element('s', spec)).toBe(
      '<s xsi:type="Spec"><z>1</z><a>true</a><a>false</a><r type="VirtualMachine">vm-1</r></s>',
    );
  });
  test('what XML cannot hold is refused', () => {
    expect(() => escapeXml('a\u0000b')).toThrow(TypeError);
    expect(() => escapeXml('\uD800')).toThrow(TypeError);
  });
  test('an envelope is well formed', async () => {
    const self = { type: 'Folder', value: 'a&b' };
    const root = await parse(envelope('Do', self, [['x', '<&>"']]));
    expect(root.get('Body.Do._this').ref()).toEqual(self);
    expect(root.get('Body.Do.x').text).toBe('<&>"');
  });
});

describe('reading', () => {
  test('xsi:type is found under any prefix, and a type attribute is no xsi:type', async () => {
    const xsi = 'http://www.w3.org/2001/XMLSchema-instance';
    const root = await parse(
      `<a xmlns:q="${xsi}" xmlns:v="urn:vim25"><b q:type="v:VirtualDisk"/><c type="Task">t-1</c></a>`,
    );
    expect(root.get('b')).toMatchObject({ xsiType: 'VirtualDisk', refType: null });
    expect(root.get('c').ref()).toEqual({ type: 'Task', value: 't-1' });
  });
  test.for([
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /document type/],
    ['a cut document', '<a><b>', /well-formed/],
    ['an unbound prefix', '<a><q:b/></a>', /well-formed/],
    ['nothing', '', /empty|well-formed/],
    ['depth', '<a>'.repeat(500), /deep/],
  ] as const)('%s is refused', async ([, text, message]) => {
    await expect(parse(text)).rejects.toThrow(message);
    await expect(parse(text)).rejects.toBeInstanceOf(ProtocolError);
  });
  describe('elements that are handed over as they come', () => {
    const text =
      '<a><l><x>0</x></l><l><x>1<x>in</x></x><y>2</y><x>3</x><x/></l><x>4</x><l><m><x>5</x></m><x> <z>6</z> </x></l></a>';
    const read = async (path: readonly string[], size: number) => {
      const taken: XmlElement[] = [];
      const each = { path, take: (one: XmlElement): void => void taken.push(one) };
      return { root: await parseXml(pieces(text, size), { each }), taken };
    };
    test('are those at the path and no others, and are not in what is read', async () => {
      const whole = await parse(text);
      for (let size = 1; size < 12; size += 1) {
        const { root, taken } = await read(['a', 'l', 'x'], size);
        expect(taken).toEqual(whole.all('l').flatMap((one) => one.all('x')));
        expect(root.all('l').map(({ elements }) => elements.map(({ name }) => name))).toEqual([
          [],
          ['y'],
          ['m'],
        ]);
        expect(root.find('x')?.text).toBe('4');
        expect(root.find('l.m.x') ?? root.all('l')[2]?.find('m.x')?.text).toBe('5');
      }
    });
    test('a path that is not there takes nothing', async () => {
      for (const path of [['b'], ['a', 'x', 'l'], ['a', 'l', 'x', 'x', 'x']]) {
        const { root, taken } = await read(path, 5);
        expect([taken, root]).toEqual([[], await parse(text)]);
      }
    });
    test('come before the rest is read, and an error after them is still one', async () => {
      const taken: string[] = [];
      const each = { path: ['a', 'x'], take: (one: XmlElement): void => void taken.push(one.text) };
      await expect(parseXml(pieces('<a><x>1</x><x>2</x><q:x/></a>'), { each })).rejects.toThrow(
        /well-formed/,
      );
      expect(taken).toEqual(['1', '2']);
    });
  });
  test('an answer that is too long is refused', async () => {
    await expect(parseXml(pieces('<a>' + 'x'.repeat(100) + '</a>'), { limitBytes: 50 })).rejects.toThrow(
      /longer than 50 bytes/,
    );
  });
  test('bytes that are no UTF-8 are refused', async () => {
    const broken = async function* () {
      yield await Promise.resolve(Uint8Array.of(0x3c, 0x61, 0x3e, 0xff));
    };
    await expect(parseXml(broken())).rejects.toThrow(/UTF-8/);
  });
  test('a number that is none is refused', async () => {
    const root = await parse('<a><b>12x</b></a>');
    expect(() => root.get('b').int()).toThrow(/no number/);
    expect(() => root.get('c')).toThrow(/has no c/);
  });
});
