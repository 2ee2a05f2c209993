import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MalformedRequest, parseXml } from './parse.ts';
import { any, data, element, enumeration, follow, int, list, refValue, str, sub } from './values.ts';

test('any text survives being written and parsed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const clean = text.replace(
        /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu,
        '\u{FFFD}',
      );
      expect(parseXml(element('x', str(text))).text).toBe(clean);
    }),
  );
});

test('a type is told where the declared one is wider, and only there', () => {
  const disk = sub('VirtualDisk', { key: int(2000), info: data('Description', { label: str('d') }) });
  expect(element('device', disk)).toBe(
    '<device xsi:type="VirtualDisk"><key>2000</key><info><label>d</label></info></device>',
  );
  expect(element('val', any(list('VirtualDevice', [disk])))).toMatch(
    /^<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualDisk">/,
  );
  expect(element('val', any(list('string', [str('a')])))).toBe(
    '<val xsi:type="ArrayOfString"><string>a</string></val>',
  );
  expect(element('val', any(int(1)))).toBe('<val xsi:type="xsd:int">1</val>');
  expect(element('val', any(enumeration('TaskInfoState', 'success')))).toBe(
    '<val xsi:type="TaskInfoState">success</val>',
  );
  expect(element('obj', refValue({ type: 'Task', id: 't-1' }))).toBe('<obj type="Task">t-1</obj>');
});

test('paths lead through objects and keyed lists', () => {
  const value = data('A', { list: list('B', [data('B', { key: int(7), name: str('seven') })]) });
  expect(follow(value, ['list[7]', 'name'])).toEqual(str('seven'));
  expect(follow(value, ['list[8]', 'name'])).toBeUndefined();
  expect(follow(value, ['none', 'name'])).toBeUndefined();
});

test('prefixes do not matter, and broken XML is refused', () => {
  const node = parseXml(
    '<a:x xmlns:a="urn:a" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="a:T"><a:y>1</a:y></a:x>',
  );
  expect([node.name, node.attributes['xsi:type'], node.children[0]?.text]).toEqual(['x', 'T', '1']);
  expect(() => parseXml('<a><b></a>')).toThrow(MalformedRequest);
  expect(() => parseXml('')).toThrow(MalformedRequest);
});
