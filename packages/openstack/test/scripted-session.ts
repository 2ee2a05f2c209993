import { afterEach, beforeEach } from 'vitest';
import { OpenStackSession } from '../src/index.ts';
import { type ScriptedCloud, startScriptedCloud } from './scripted-cloud.ts';

export interface Scripted {
  readonly cloud: ScriptedCloud;
  readonly session: OpenStackSession;
  /** The bodies that came, parsed. */
  readonly bodies: () => unknown[];
}

/** A new scripted cloud and a session at it for every test of the file. */
export function scriptedSession(signal: AbortSignal): () => Scripted {
  let scripted: Scripted | null = null;
  beforeEach(async () => {
    const cloud = await startScriptedCloud();
    const retries = { attempts: 3, firstMs: 1, longestSeconds: 1 };
    const session = await OpenStackSession.open(cloud.config, { signal, retries });
    const bodies = (): unknown[] => cloud.calls.map((one) => JSON.parse(one.body.toString()) as unknown);
    scripted = { cloud, session, bodies };
  });
  afterEach(async () => {
    await scripted?.session.close();
    await scripted?.cloud[Symbol.asyncDispose]();
    scripted = null;
  });
  return () => {
    if (!scripted) throw new Error('only inside of a test');
    return scripted;
  };
}
