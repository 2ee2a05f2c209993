import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '@guts/core';
import { openStore } from '@guts/store';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { type Api, createApi } from '../src/index.ts';
import { optionsFor, putInstances, TOKEN, workerBeat } from './rig.ts';

export const SOURCE = {
  name: 'vc',
  driver: 'vsphere',
  settings: { url: 'https://vc' },
  secret: { password: 'geheim' },
};

/** What is wrong with an answer, by the contract's own schema. */
export const faultsOf = (schema: TSchema | null, body: unknown) => (schema ? Value.Errors(schema, body) : []);

/** An API over an empty database, with a worker whose drivers check what they are given. */
export class Served {
  readonly store: Store;
  readonly api: Api;
  /** Contexts of what was sealed. */
  readonly sealed: string[] = [];
  nudges = 0;

  private constructor(store: Store) {
    this.store = store;
    this.api = createApi({
      ...optionsFor(store),
      nudge: () => {
        this.nudges += 1;
      },
      secrets: {
        seal: (plain, context) => {
          this.sealed.push(context);
          return Buffer.from(JSON.stringify(plain)).toString('base64');
        },
        open: () => ({}),
      },
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now(),
        sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
      },
    });
  }

  static async open(): Promise<Served> {
    const store = await openStore({ url: 'sqlite::memory:' });
    await store.upgrade();
    const worker = workerBeat({
      id: 'w1',
      slots: 1,
      drivers: [
        {
          name: 'vsphere',
          side: 'source',
          title: 'vSphere',
          settings: {
            required: ['url'],
            properties: { url: { type: 'string' } },
            additionalProperties: false,
          },
          secret: { properties: { password: { type: 'string' } }, additionalProperties: false },
        },
        { name: 'openstack', side: 'destination', title: 'O', settings: { properties: {} }, secret: {} },
      ],
    });
    await store.heartbeat(worker);
    return new Served(store);
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.store.close();
  }

  async call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown, token = TOKEN) {
    const answer = await this.api.inject({
      method,
      url,
      headers: { 'x-auth-token': token },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body === '' ? null : answer.json(),
    };
  }

  /** Makes a source, a destination, and some instances. */
  async prepare(): Promise<{ source: string; destination: string }> {
    const source = (await this.call('POST', '/v1/sources', SOURCE)).body.source.id as string;
    const destination = { name: 'cloud', driver: 'openstack', settings: {} };
    const made = await this.call('POST', '/v1/destinations', destination);
    await putInstances(this.store, source, [
      { ref: 'vm-1', name: 'web' },
      { ref: 'vm-2', name: 'twin' },
      { ref: 'vm-3', name: 'twin' },
      { ref: 'vm-8', name: 'vm-9' },
      { ref: 'vm-9', name: 'other' },
    ]);
    return { source, destination: made.body.destination.id as string };
  }
}
