import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NbdError } from './errors.ts';
import { parseNbdUri } from './uri.ts';

const refusal = (uri: string): string => {
  try {
    parseNbdUri(uri);
  } catch (error) {
    expect(error).toBeInstanceOf(NbdError);
    expect((error as NbdError).code).toBe('nbd_uri');
    return (error as NbdError).message;
  }
  throw new Error(`was taken: ${uri}`);
};

test('the examples of the URI document', () => {
  const tcp = (exportName: string) => ({
    address: { kind: 'tcp', host: 'example.com', port: 10809 },
    exportName,
    secure: false,
  });
  expect(parseNbdUri('nbd://example.com:10809/export')).toEqual(tcp('export'));
  expect(parseNbdUri('nbd://example.com')).toEqual(tcp(''));
  expect(parseNbdUri('nbd://example.com/')).toEqual(tcp(''));
  expect(parseNbdUri('nbd://example.com//disk')).toEqual(tcp('/disk'));
  expect(parseNbdUri('nbd://example.com/hello%20world')).toEqual(tcp('hello world'));
  expect(parseNbdUri('nbd+unix:///disk?socket=nbd.sock')).toEqual({
    address: { kind: 'unix', path: 'nbd.sock' },
    exportName: 'disk',
    secure: false,
  });
  expect(parseNbdUri('nbd+unix:///?socket=%00/abstract').address).toEqual({
    kind: 'unix',
    path: '\0/abstract',
  });
  expect(parseNbdUri('NBDS://ann@[::1]:77/x?tls-hostname=db&tls-type=psk&tls-verify-peer=1')).toEqual({
    address: { kind: 'tcp', host: '::1', port: 77 },
    exportName: 'x',
    secure: true,
    tlsServerName: 'db',
    user: 'ann',
  });
  expect(parseNbdUri('nbds+unix:///?socket=/s&tls-hostname=db')).toMatchObject({
    secure: true,
    tlsServerName: 'db',
  });
});

test('what cannot be meant is refused, and no refusal quotes a secret', () => {
  const bad = {
    'http://example.com/': 'no URI',
    'nbd:///disk': 'no host',
    'nbd://h:0/': 'port',
    'nbd://h:65536/': 'port',
    'nbd://h:x/': 'host and port',
    'nbd://[::1/': 'host and port',
    'nbd://h/?socket=s': 'not nbd+unix',
    'nbd+unix:///x': 'no socket',
    'nbd+unix:///x?socket=': 'no socket',
    'nbd+unix://h/x?socket=s': 'both',
    'nbd://h/%': 'percent',
    'nbd://h/%ff': 'percent',
    'nbd://h/a%00b': 'NUL',
    'nbd://h/?tls-type=anon': 'trusts anybody',
    'nbd://h/?tls-verify-peer=0': 'trusts anybody',
    'nbd://h/?secret=hunter2': 'query parameter',
    'nbd+unix:///?socket=a&socket=b': 'twice',
    'nbds://ann:hunter2@h/': 'password',
    'nbd://h/x#y': 'no URI',
  };
  for (const [uri, why] of Object.entries(bad)) {
    expect(refusal(uri)).toContain(why);
    expect(refusal(uri)).not.toContain('hunter2');
  }
  expect(refusal(`nbd://h/${'x'.repeat(4097)}`)).toContain('4096');
});

const name = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));

test('every export, host, port and socket comes back as it was written', () => {
  fc.assert(
    fc.property(
      name,
      fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((host) => `[${host}]`),
      ),
      fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
      fc.boolean(),
      (exportName, host, port, secure) => {
        const uri = `${secure ? 'nbds' : 'nbd'}://${host}${port === undefined ? '' : `:${port}`}/${encodeURIComponent(exportName)}`;
        expect(parseNbdUri(uri)).toEqual({
          address: { kind: 'tcp', host: host.replaceAll(/[[\]]/g, ''), port: port ?? 10809 },
          exportName,
          secure,
        });
      },
    ),
    { seed: 1, numRuns: 300 },
  );
  fc.assert(
    fc.property(
      name,
      name.filter((path) => path !== ''),
      (exportName, path) => {
        const uri = `nbd+unix:///${encodeURIComponent(exportName)}?socket=${encodeURIComponent(path)}`;
        expect(parseNbdUri(uri)).toEqual({ address: { kind: 'unix', path }, exportName, secure: false });
      },
    ),
    { seed: 2, numRuns: 300 },
  );
});

test('any text is either taken or refused with the one kind of error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl({ withQueryParameters: true }).map((url) => url.replace(/^https?/, 'nbd')),
      ),
      (text) => {
        const outcome = (() => {
          try {
            return parseNbdUri(text);
          } catch (error) {
            return error;
          }
        })();
        expect(outcome instanceof Error && !(outcome instanceof NbdError)).toBe(false);
      },
    ),
    { seed: 3, numRuns: 500 },
  );
});
