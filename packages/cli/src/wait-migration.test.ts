import { describe, expect, test } from 'vitest';
import { type Answerer, guts } from '../test/rig.ts';

const ID = '3f2a9c1e-0000-4000-8000-000000000001';
const PATH = `/v1/migrations/${ID}`;

/** Answers what was asked for with the first status, and then one after the other. */
function api(statuses: readonly string[], code?: string): Answerer {
  const left = [...statuses];
  return () => {
    const status = left.shift();
    return { migration: { id: ID, status, error: code === undefined || left.length > 0 ? null : { code } } };
  };
}
const act = (action: string, answer: Answerer) =>
  guts(['--json', 'migration', action, ID, '--wait', ...(action === 'revert' ? ['--yes'] : [])], answer);

describe('--wait', () => {
  test('of a new migration asks until it has ended, and shows it once', async () => {
    const create = ['--json', 'migration', 'create', 'vm', '--source', 's', '--destination', 'd', '--wait'];
    const { calls, out, exit } = await guts(create, api(['queued', 'running', 'completed']));
    expect(calls.map(({ line }) => line)).toEqual(['POST /v1/migrations', `GET ${PATH}`, `GET ${PATH}`]);
    expect(JSON.parse(out)).toMatchObject({ id: ID, status: 'completed' });
    expect(exit).toBe(0);
  });
  test.concurrent.for([
    ['cancel', ['cancelling', 'cancelled'], undefined, 0],
    // One that no worker had yet has ended with the answer.
    ['cancel', ['cancelled'], undefined, 0],
    ['cancel', ['cancelling', 'failed'], 'destination_fault', 8],
    ['cancel', ['running', 'cancelled'], undefined, 0],
    ['cancel', ['running', 'completed'], undefined, 1],
    ['revert', ['reverting', 'reverted'], undefined, 0],
    ['revert', ['reverting', 'failed'], 'source_power', 7],
    ['commit', ['committing', 'committed'], undefined, 0],
    ['commit', ['committing', 'completed'], 'source_fault', 7],
    ['retry', ['queued', 'completed'], undefined, 0],
    ['retry', ['queued', 'failed'], 'disk_mismatch', 9],
    ['retry', ['queued', 'cancelled'], undefined, 5],
    ['retry', ['reverting', 'reverted'], undefined, 0],
    ['retry', ['queued', 'failed'], 'code_of_a_newer_api', 1],
  ] as const)('of %s through %j (%s) ends with %i', async ([action, statuses, code, wanted]) => {
    const { exit, calls } = await act(action, api(statuses, code));
    expect(exit).toBe(wanted);
    expect(calls).toHaveLength(statuses.length);
  });
  test('and --watch are two ways to stay', async () => {
    const both = ['migration', 'create', 'vm', '--source', 's', '--destination', 'd', '--wait', '--watch'];
    await expect(guts(both, api([]))).rejects.toThrow(/exclude each other/);
  });
});
