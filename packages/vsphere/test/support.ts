import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { type ConnectOptions, type ManagedRef, VSphereSession } from '../src/index.ts';
import { onTestFinished } from 'vitest';

/** Of who never gives up: the test's own time is what ends it. */
export const { signal } = new AbortController();

/** A fake vCenter and the sessions with it, all of which end with the test. */
export class Peer {
  readonly vcenter: VCenter;
  readonly sessions: VSphereSession[] = [];

  private constructor(vcenter: VCenter) {
    this.vcenter = vcenter;
  }

  static async start(options: VCenterOptions = {}): Promise<Peer> {
    const peer = new Peer(await startVCenter(options));
    onTestFinished(() => peer.#close());
    return peer;
  }

  async connect(more: Partial<ConnectOptions> = {}): Promise<VSphereSession> {
    const { url, username, password, fingerprintSha256: fingerprint } = this.vcenter;
    const options = { url, username, password, tls: { fingerprint }, signal, ...more };
    const session = await VSphereSession.connect(options);
    this.sessions.push(session);
    return session;
  }

  vm(name: string): ManagedRef {
    return { type: 'VirtualMachine', value: this.vcenter.machine(name).id };
  }

  async #close(): Promise<void> {
    for (const session of this.sessions) await session.logout();
    await this.vcenter.close();
  }
}
