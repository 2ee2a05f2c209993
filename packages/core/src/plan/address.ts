/** IP addresses as numbers, enough to tell whether an address lies in a subnet. IPv4 and IPv6 (RFC 4291 section 2.2). */

export interface ParsedAddress {
  readonly version: 4 | 6;
  readonly value: bigint;
}

const DOT = 46;
const ZERO = 48;
/** Read digit by digit: thousands of instances are checked at once, each with its addresses. */
function parseV4(text: string): bigint | null {
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at === text.length ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || part > 255) return null;
      value = value * 256 + part;
      part = 0;
      digits = 0;
      dots += 1;
    } else {
      const digit = code - ZERO;
      // A leading zero would be read as octal by some.
      if (digit < 0 || digit > 9 || digits === 3 || (digits > 0 && part === 0)) return null;
      part = part * 10 + digit;
      digits += 1;
    }
  }
  return dots === 4 ? BigInt(value) : null;
}

function groups(text: string): number[] | null {
  if (text === '') return [];
  const found: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const v4 = parseV4(part);
      if (v4 === null) return null;
      found.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(Number.parseInt(part, 16));
    else return null;
  }
  return found;
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] ?? '');
  const tail = halves.length === 2 ? groups(halves[1] ?? '') : [];
  if (!head || !tail) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return all.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** Null: not an address. A zone (`%eth0`) is not accepted. */
export function parseAddress(text: string): ParsedAddress | null {
  const version = text.includes(':') ? 6 : 4;
  const value = version === 6 ? parseV6(text) : parseV4(text);
  return value === null ? null : { version, value };
}

/** Whether an address lies in a CIDR such as `10.0.0.0/24` or `2001:db8::/64`; false for anything malformed. */
export function inCidr(address: string, cidr: string): boolean {
  const [base, length] = cidr.split('/');
  const network = parseAddress(base ?? '');
  const host = parseAddress(address);
  if (!network || !host || network.version !== host.version || !/^\d{1,3}$/.test(length ?? '')) return false;
  const bits = network.version === 4 ? 32 : 128;
  const prefix = Number(length);
  if (prefix > bits) return false;
  const shift = BigInt(bits - prefix);
  return network.value >> shift === host.value >> shift;
}

/** Link-local and loopback addresses are the guest's own affair and never kept. */
export function isKeepable(address: string): boolean {
  if (!parseAddress(address)) return false;
  return !['169.254.0.0/16', '127.0.0.0/8', 'fe80::/10', '::1/128'].some((cidr) => inCidr(address, cidr));
}
