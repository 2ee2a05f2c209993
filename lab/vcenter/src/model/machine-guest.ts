import { bool, data, enumeration, int, list, str, type Value } from '../soap/values.ts';
import type { Machine } from './machine.ts';

/** GuestInfo as VMware Tools tell it; most of it is empty while the machine is off. */
export function guestInfo(machine: Machine): Value {
  const { spec } = machine;
  const up = machine.power === 'poweredOn' && (spec.toolsRunning ?? true);
  const nics = spec.nics ?? [];
  const first = nics.find((nic) => nic.ip !== undefined)?.ip;
  return data('GuestInfo', {
    toolsStatus: enumeration('VirtualMachineToolsStatus', up ? 'toolsOk' : 'toolsNotRunning'),
    toolsVersionStatus: str(up ? 'guestToolsUnmanaged' : 'guestToolsNotInstalled'),
    toolsVersionStatus2: str(up ? 'guestToolsUnmanaged' : 'guestToolsNotInstalled'),
    toolsRunningStatus: str(up ? 'guestToolsRunning' : 'guestToolsNotRunning'),
    toolsVersion: str(up ? '12352' : '0'),
    guestId: up ? str(spec.guestId ?? 'debian12_64Guest') : undefined,
    guestFamily: up
      ? str(spec.guestId?.startsWith('win') === true ? 'windowsGuest' : 'linuxGuest')
      : undefined,
    guestFullName: up ? str(spec.guestFullName ?? 'Debian GNU/Linux 12 (64-bit)') : undefined,
    hostName: up ? str(spec.hostName ?? 'guest') : undefined,
    ipAddress: up && first !== undefined ? str(first) : undefined,
    net: list(
      'GuestNicInfo',
      up
        ? nics.map((nic, index) =>
            data('GuestNicInfo', {
              network: str(nic.network),
              ipAddress: list('string', nic.ip === undefined ? [] : [str(nic.ip)]),
              macAddress: str(nic.mac),
              connected: bool(machine.links.get(4000 + index)?.connected ?? false),
              deviceConfigId: int(4000 + index),
              ipConfig:
                nic.ip === undefined
                  ? undefined
                  : data('NetIpConfigInfo', {
                      ipAddress: list('NetIpConfigInfoIpAddress', [
                        data('NetIpConfigInfoIpAddress', {
                          ipAddress: str(nic.ip),
                          prefixLength: int(nic.prefix ?? 24),
                          origin: nic.origin === undefined ? undefined : str(nic.origin),
                          state: str('preferred'),
                        }),
                      ]),
                    }),
            }),
          )
        : [],
    ),
    guestState: str(machine.power === 'poweredOn' ? 'running' : 'notRunning'),
    guestOperationsReady: bool(up),
  });
}
