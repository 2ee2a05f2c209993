/** IP addresses as numbers, and MAC addresses. */
import { isIP } from 'node:net';
import { randomBytes } from 'node:crypto';
import { badRequest } from '../http/api-error.ts';

export interface Range {
  readonly version: 4 | 6;
  readonly bits: number;
  readonly first: bigint;
  readonly last: bigint;
}

export function toNumber(address: string): bigint {
  const version = isIP(address);
  if (version === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  if (version !== 6) throw badRequest(`'${address}' is not a valid IP address.`, 'InvalidInput');
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  let text = address.split('%', 1)[0] ?? '';
  if (dotted) {
    const low = toNumber(dotted[2] ?? '');
    text = `${dotted[1] ?? ''}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...middle, ...back].reduce((sum, part) => sum * 65536n + BigInt(`0x${part}`), 0n);
}

export function toText(number: bigint, version: 4 | 6): string {
  if (version === 4)
    return [24n, 16n, 8n, 0n].map((shift) => ((number >> shift) & 255n).toString()).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((number >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  );
  const zeroes = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (!zeroes) return groups.join(':');
  const text = groups.join(':');
  const before = text.slice(0, zeroes.index).replace(/:$/, '');
  const after = text.slice(zeroes.index + zeroes[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

export function parseCidr(cidr: string): Range {
  const [address = '', length = ''] = cidr.split('/');
  const version = isIP(address);
  const width = version === 4 ? 32 : 128;
  const bits = Number(length);
  if ((version !== 4 && version !== 6) || !/^\d+$/.test(length) || bits > width)
    throw badRequest(`'${cidr}' is not a valid IP subnet.`, 'InvalidInput');
  const size = 1n << BigInt(width - bits);
  const first = (toNumber(address) / size) * size;
  return { version, bits, first, last: first + size - 1n };
}

export const inRange = (range: Range, address: string): boolean => {
  const version = isIP(address);
  if (version !== range.version) return false;
  const number = toNumber(address);
  return number >= range.first && number <= range.last;
};

/** Lower case with colons; 400 when it is no unicast MAC address. */
export function parseMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) || mac === '00:00:00:00:00:00')
    throw badRequest(
      `Invalid input for mac_address. Reason: '${text}' is not a valid MAC address.`,
      'HTTPBadRequest',
    );
  return mac;
}

/** With Neutron's default prefix. */
export function randomMac(): string {
  return `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}
