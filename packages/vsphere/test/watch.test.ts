import { type InventoryChange, toMachine, type VSphereSession, watchInventory } from '../src/index.ts';
import { describe, expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

/** A watch that a test steps through. */
class Watch {
  readonly names = new Map<string, string>();
  readonly errors: unknown[] = [];
  /** How often everything known was to be forgotten. */
  resyncs = 0;
  parity = false;
  readonly #stop = new AbortController();
  readonly #changes: AsyncGenerator<InventoryChange, void>;

  constructor(session: VSphereSession) {
    const onError = (error: unknown): number => this.errors.push(error);
    this.#changes = watchInventory(session, { signal: this.#stop.signal, onError, pauseMs: 20 });
  }

  /** Takes changes until the condition holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      signal.throwIfAborted();
      const { value: change } = await this.#changes.next();
      if (!change) throw new Error('the watch ended');
      if (change.type === 'resync') {
        this.names.clear();
        this.resyncs += 1;
        this.parity = false;
      } else if (change.type === 'parity') this.parity = true;
      else if (change.type === 'gone') this.names.delete(change.ref.value);
      else if (change.object.ref.type === 'VirtualMachine')
        this.names.set(change.object.ref.value, toMachine(change.object).name);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#changes.return();
  }
}

async function watching(peer: Peer, work: (watch: Watch) => Promise<void>): Promise<void> {
  const watch = new Watch(await peer.connect());
  try {
    await watch.until(() => watch.parity);
    await work(watch);
  } finally {
    await watch.close();
  }
}

const machines = [{ name: 'a' }, { name: 'member', vApp: 'shop' }];

describe('following the inventory', () => {
  test('tells everything through all truncated sets before parity, then what changes', async () => {
    const peer = await Peer.start({ machines, extraMachines: 60, pageLimit: 7 });
    await watching(peer, async (watch) => {
      expect(watch.names.size).toBe(62);
      expect(watch.resyncs).toBe(1);
      const { id } = peer.vcenter.machine('a');
      peer.vcenter.rename('a', 'b/c');
      await watch.until(() => watch.names.get(id) === 'b/c');
      await peer.vcenter.removeMachine('b/c');
      await watch.until(() => !watch.names.has(id));
      expect([watch.names.size, watch.resyncs, watch.errors]).toEqual([61, 1, []]);
    });
  });

  test('finds the members of a vApp, also one that comes later', async () => {
    const peer = await Peer.start({ machines });
    await watching(peer, async (watch) => {
      expect([...watch.names.values()].toSorted()).toEqual(['a', 'member']);
      await peer.vcenter.addMachine({ name: 'late', vApp: 'shop' });
      await watch.until(() => [...watch.names.values()].includes('late'));
    });
  });

  test('begins anew when its session is lost: what went meanwhile is not known any more', async () => {
    const peer = await Peer.start({ machines });
    await watching(peer, async (watch) => {
      await peer.vcenter.removeMachine('member');
      peer.vcenter.expireSessions();
      await watch.until(() => watch.resyncs === 2 && watch.parity);
      expect([...watch.names.values()]).toEqual(['a']);
      expect(watch.errors).toEqual([]);
    });
  });

  test('and after an error, which is told', async () => {
    const peer = await Peer.start({ machines });
    await watching(peer, async (watch) => {
      peer.vcenter.faults.add({ method: 'WaitForUpdatesEx', times: 1, kind: 'reset' });
      peer.vcenter.rename('a', 'b');
      await watch.until(() => watch.resyncs === 2 && watch.parity);
      expect([...watch.names.values()].toSorted()).toEqual(['b', 'member']);
      expect(watch.errors).toHaveLength(1);
    });
  });
});
