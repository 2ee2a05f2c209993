import { describe, expect, test } from 'vitest';
import { type Answerer, guts, refusal } from '../test/rig.ts';
import { Redactor } from './redact.ts';
import type { Login } from './login.ts';

const CANARY = 'c4n4ry-passw0rd"\\/x';

describe('--debug', () => {
  test('shows requests and answers, and no secret of any of them', async () => {
    const echo: Answerer = (_method, _path, body) => ({
      source: { id: 's1', name: 'vc', settings: { url: 'https://a', note: `got ${CANARY}` }, echoed: body },
    });
    const folder = await import('node:fs/promises').then(({ mkdtemp }) => mkdtemp('/tmp/guts-trace-'));
    const { writeFile, rm } = await import('node:fs/promises');
    try {
      await writeFile(`${folder}/s`, JSON.stringify({ password: CANARY, nested: { pin: `${CANARY}2` } }));
      const args = [
        '--debug',
        'source',
        'create',
        'vc',
        '--set',
        'url=https://a',
        '--secret-file',
        `${folder}/s`,
      ];
      const { err, calls } = await guts(args, echo, null, { env: { GUTS_TOKEN: `t${CANARY}` } });
      expect(JSON.stringify(calls)).toContain('c4n4ry');
      expect(err).not.toContain('c4n4ry');
      expect(err).toContain('"url":"https://a"');
      expect(err).toMatch(/debug: guts-api: POST http:\/\/127\.0\.0\.1:7000\/v1\/sources -> 200 in \d+ ms/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
  test('shows what failed, and the login by its addresses alone', async () => {
    const login: Login = {
      projectId: 'p',
      endpoint: 'http://api',
      token: () => Promise.resolve(CANARY),
      close: () => Promise.resolve(),
    };
    const asked = guts(['--debug', 'driver', 'list'], () => refusal(403, `not with ${CANARY}`), null, {
      env: { OS_CLOUD: 'mine' },
      openLogin: (_choice, _signal, tell) => {
        tell?.({
          method: 'POST',
          url: 'http://k/v3/auth/tokens',
          status: 201,
          milliseconds: 5,
          requestId: 'req-1',
        });
        return Promise.resolve(login);
      },
    });
    await expect(asked).rejects.toMatchObject({ status: 403 });
  });
  test('is silent when it is not asked for', async () => {
    expect((await guts(['driver', 'list'], () => ({ drivers: [] }))).err).toBe('');
  });
});

describe('a redactor', () => {
  test('hides a known secret in every form it is written in', () => {
    const redactor = new Redactor();
    redactor.hide(CANARY);
    for (const text of [CANARY, JSON.stringify(CANARY), encodeURIComponent(CANARY)])
      expect(redactor.text(`a ${text} b`)).not.toContain('c4n4ry');
  });
  test('shows of what is no JSON only how long it is', () => {
    expect(new Redactor().body('password=geheim')).toBe('(15 characters that are no JSON)');
  });
  test('masks fields for secrets, however deep, and leaves others', () => {
    const body = { name: 'web', secret: { user: 'me', deep: [{ a: 'geheim' }] }, api_key: 'k3y!', count: 3 };
    expect(JSON.parse(new Redactor().body(JSON.stringify(body)))).toEqual({
      name: 'web',
      secret: { user: '***', deep: [{ a: '***' }] },
      api_key: '***',
      count: 3,
    });
  });
});
