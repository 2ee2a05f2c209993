import fc from 'fast-check';
import { ABYSSES, oddJson, oddText, withField } from './odd.ts';

type Path = readonly (string | number)[];

/** Every place in a value, itself first. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) =>
      places(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** The same value, with one place changed. */
function changed(value: unknown, [key, ...rest]: Path, change: (was: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  if (Array.isArray(value))
    return value.with(Number(key), changed(value[Number(key)] as unknown, rest, change));
  const inner = (value as Record<string, unknown>)[key];
  return withField(value as object, String(key), changed(inner, rest, change));
}

function without(value: unknown, path: Path): unknown {
  const last = path.at(-1);
  if (last === undefined) return null;
  return changed(value, path.slice(0, -1), (was) =>
    Array.isArray(was)
      ? was.toSpliced(Number(last), 1)
      : Object.fromEntries(Object.entries(was as object).filter(([key]) => key !== last)),
  );
}

type Change = (value: unknown) => unknown;
/** Chooses one place by a number. */
const somewhere = (at: number, value: unknown): Path => {
  const all = places(value);
  return all[at % all.length] ?? [];
};

const at = fc.nat(1000);
/** One thing about a value: replaced, left out, added, or wrapped. */
const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, oddJson).map(
    ([place, odd]): Change =>
      (value) =>
        changed(value, somewhere(place, value), () => odd),
  ),
  at.map(
    (place): Change =>
      (value) =>
        without(value, somewhere(place, value)),
  ),
  fc.tuple(at, oddText, oddJson).map(
    ([place, key, odd]): Change =>
      (value) =>
        changed(value, somewhere(place, value), (was) =>
          typeof was === 'object' && was !== null && !Array.isArray(was) ? withField(was, key, odd) : [was],
        ),
  ),
);

/** What is sent instead of well-formed JSON, or beside it. */
const texts: fc.Arbitrary<(text: string) => Buffer> = fc.oneof(
  fc.nat(1000).map((n) => (text: string) => Buffer.from(text.slice(0, n % Math.max(1, text.length)))),
  fc
    .constantFrom(
      '',
      ' ',
      '\0',
      '\ufeff{}',
      'null',
      '0',
      '"x"',
      '[]',
      '{}',
      'nul',
      '{a:1}',
      "{'a':1}",
      '{"a":1,}',
      '{"a":01}',
      '{"a":1e999}',
      '{"a":NaN}',
      '{} {}',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{"x":1}}}',
      'a=1&b=2',
      '<a/>',
      '{"name":"\u0001"}',
      '{"name":"\\ud800"}',
      '{"name":"\\u0000"}',
      '[1e400]',
      ...ABYSSES,
    )
    .map((other) => () => Buffer.from(other)),
  // The same field twice: the last one counts.
  fc.tuple(oddText, oddJson).map(([key, odd]) => (text: string) => {
    const more = `${JSON.stringify(key)}:${JSON.stringify(odd)}`;
    return Buffer.from(text.replace(/\}$/, `${text === '{}' ? '' : ','}${more},${more}}`));
  }),
  fc.constantFrom(...ABYSSES).map((abyss) => (text: string) => {
    return Buffer.from(text.replace(/\}$/, `${text === '{}' ? '' : ','}"settings":${abyss}}`));
  }),
  fc.tuple(fc.nat(1000), fc.constantFrom(0xff, 0xc0, 0x00, 0xed)).map(([n, byte]) => (text: string) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[n % bytes.length] = byte;
    return bytes;
  }),
  fc.constant((text: string) => Buffer.concat([Buffer.from(text), Buffer.alloc(1100 * 1024, 0x20)])),
);

/** Bodies that are not (or just not) what is taken, made from those that are. */
export function spoiled(bodies: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> {
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(bodies, fc.array(changes, { minLength: 1, maxLength: 2 }))
        .map(([value, all]) => all.reduce((result, change) => change(result), value))
        .map((value) => Buffer.from(JSON.stringify(value))),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(bodies, texts).map(([value, make]) => make(JSON.stringify(value))),
    },
  );
}
