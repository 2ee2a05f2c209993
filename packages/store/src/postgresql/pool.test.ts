import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPostgres } from './pool.ts';

/** Messages of the protocol, version 3 (PostgreSQL manual, section 55.7). */
const AUTHENTICATION_OK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
/** CommandComplete, with the tag SET. */
const SET_DONE = Buffer.from([0x43, 0, 0, 0, 8, 0x53, 0x45, 0x54, 0]);
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

let server: Server;
let resets = 0;
let heard = '';

/** A server that lets everybody in, obeys the first query, and resets the connection at the second. */
beforeEach(async () => {
  resets = 0;
  heard = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Buffer.concat([AUTHENTICATION_OK, READY_FOR_QUERY]));
      socket.once('data', (query) => {
        heard += query.toString('latin1');
        socket.write(Buffer.concat([SET_DONE, READY_FOR_QUERY]));
        socket.once('data', () => {
          resets += 1;
          socket.resetAndDestroy();
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => server.close());

test('a connection that breaks in use fails the query, not the process', async () => {
  const { port } = server.address() as AddressInfo;
  const uncaught: unknown[] = [];
  const hear = (error: unknown): number => uncaught.push(error);
  process.on('uncaughtException', hear);
  const db = new Kysely<object>({
    dialect: openPostgres(new URL(`postgresql://guts@127.0.0.1:${port}/guts`), 'none'),
  });
  try {
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'ECONNRESET' });
    // The next one gets a connection of its own.
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(resets).toBe(2);
    expect(uncaught).toEqual([]);
  } finally {
    await db.destroy();
    process.off('uncaughtException', hear);
  }
});

test('the first that a connection asks for is that a transaction which stalls is ended', async () => {
  const { port } = server.address() as AddressInfo;
  const db = new Kysely<object>({
    dialect: openPostgres(new URL(`postgresql://guts@127.0.0.1:${port}/guts`), 'none'),
  });
  await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await db.destroy();
  expect(heard).toContain('idle_in_transaction_session_timeout');
});
