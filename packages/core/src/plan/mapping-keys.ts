/** A key of `mapping.nics` as it is compared: MAC addresses in lower case, with colons. */
export function nicKey(key: string): string {
  return /^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(key) ? key.toLowerCase().replaceAll('-', ':') : key;
}
