import { retrieveOne } from './collector.ts';
import { ProtocolError } from './errors.ts';
import type { VSphereSession } from './session.ts';
import type { ManagedRef } from './xml/element.ts';

/** Entities asked of in one call. */
const AT_ONCE = 200;

/** The privileges that this vCenter or ESXi has at all; empty when it does not tell. */
async function knownPrivileges(
  session: VSphereSession,
  manager: ManagedRef,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = await retrieveOne(session, manager, ['privilegeList'], signal);
  const list = found?.properties.get('privilegeList')?.all('AuthorizationPrivilege') ?? [];
  return new Set(list.map((one) => one.textOf('privId') ?? ''));
}

/**
 * What of some privileges the user of this session lacks, by entity; entities on which nothing is lacking are left
 * out. A privilege that this version does not have is not asked for: it would refuse the whole question
 * (vSphere API, AuthorizationManager.HasPrivilegeOnEntities; InvalidArgument).
 * @returns null when the server has no authorization manager to ask
 */
export async function lackedPrivileges(
  session: VSphereSession,
  entities: readonly ManagedRef[],
  privileges: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]> | null> {
  const { authorizationManager, sessionManager } = session.content;
  if (!authorizationManager) return null;
  const known = await knownPrivileges(session, authorizationManager, signal);
  const asked = privileges.filter((one) => known.size === 0 || known.has(one));
  const lacked = new Map<string, readonly string[]>();
  if (asked.length === 0) return lacked;
  for (let start = 0; start < entities.length; start += AT_ONCE) {
    // Read each time: after a new login it is another one.
    const own = await retrieveOne(session, sessionManager, ['currentSession'], signal);
    const key = own?.properties.get('currentSession')?.textOf('key');
    if (key === null || key === undefined)
      throw new ProtocolError('the server does not tell the session of this login');
    const fields = [
      ['entity', entities.slice(start, start + AT_ONCE).map((ref) => ({ ref }))],
      ['sessionId', key],
      ['privId', asked],
    ] as const;
    for (const one of await session.call('HasPrivilegeOnEntities', authorizationManager, fields, {
      signal,
    })) {
      const missing = one.all('privAvailability').filter((privilege) => !privilege.boolOf('isGranted'));
      const names = missing.map((privilege) => privilege.textOf('privId') ?? '');
      if (names.length > 0) lacked.set(one.get('entity').ref().value, names);
    }
  }
  return lacked;
}
