import { setTimeout as sleep } from 'node:timers/promises';
import { HttpStatusError, powerState, readMachine, UnreachableError } from '../src/index.ts';
import { describe, expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

const machines = [{ name: 'a' }];

describe('an answer that is no SOAP', () => {
  test('is shown as far as a person needs it', async () => {
    const peer = await Peer.start({ sessionLimit: 1 });
    await peer.connect();
    const refused = peer.connect();
    await expect(refused).rejects.toBeInstanceOf(HttpStatusError);
    await expect(refused).rejects.toMatchObject({ status: 503, message: /503: Out of HTTP sessions/ });
  });

  test('without markup, without what the request held, and not more than 200 characters of it', async () => {
    const password = 'hunter2<&';
    const peer = await Peer.start({ password });
    const page =
      '<html><style>p { x: y }</style><p>Your\n\trequest was hunter2<& and hunter2&lt;&amp;</p>' +
      'z'.repeat(9999);
    peer.vcenter.faults.add({ method: 'Login', kind: 'http', status: 403, body: page });
    const error = (await peer.connect().catch((thrown: unknown) => thrown)) as HttpStatusError;
    expect(error).toBeInstanceOf(HttpStatusError);
    expect(error.message).toMatch(/403: Your request was \*\*\* and \*\*\* z+$/);
    expect(error.message.length).toBeLessThan(300);
    expect(error.message).not.toMatch(/hunter2|x: y/);
  });
});

test('what a session was opened with stands around each sending of a call, which is checked within', async () => {
  const peer = await Peer.start({ machines });
  const seen: string[] = [];
  const session = await peer.connect({
    check: () => void seen.push('checked'),
    around: async (method, fields, send) => {
      seen.push(`${method} ${fields.map(([name]) => name).join(' ')}`);
      const answer = await send();
      seen.push('answered');
      return answer;
    },
  });
  peer.vcenter.expireSessions();
  await powerState(session, peer.vm('a'), signal);
  const read = 'RetrievePropertiesEx specSet options';
  expect(seen).toEqual([read, 'checked', read, 'checked', 'answered']);
});

describe('a login that several callers wait for', () => {
  test('does not end with the one that gives up', async () => {
    const peer = await Peer.start({ machines });
    const session = await peer.connect();
    const vm = peer.vm('a');
    peer.vcenter.expireSessions();
    peer.vcenter.faults.add({ method: 'Login', times: 1, kind: 'delay', ms: 800 });
    const first = new AbortController();
    const gaveUp = powerState(session, vm, first.signal);
    await sleep(100);
    const stayed = powerState(session, vm, signal);
    await sleep(200);
    first.abort(new Error('the first has had enough'));
    await expect(gaveUp).rejects.toThrow('the first has had enough');
    expect(await stayed).toBe('poweredOff');
    expect(peer.vcenter.sessions).toBe(1);
  });

  test('fails all of them with its own error, and is tried anew by the next', async () => {
    const peer = await Peer.start({ machines });
    const session = await peer.connect();
    const vm = peer.vm('a');
    peer.vcenter.expireSessions();
    peer.vcenter.faults.add({ method: 'Login', times: 1, kind: 'delay', ms: 500 });
    peer.vcenter.faults.add({ method: 'Login', times: 1, kind: 'reset' });
    const both = await Promise.allSettled([
      powerState(session, vm, signal),
      readMachine(session, vm, signal),
    ]);
    for (const one of both)
      expect(one).toMatchObject({ status: 'rejected', reason: expect.any(UnreachableError) as unknown });
    expect(await powerState(session, vm, signal)).toBe('poweredOff');
  });
});
