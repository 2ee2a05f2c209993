const MASK = '***';
const SECRET_WORD = /pass|pwd|secret|token|key$/i;

/**
 * An address of a server as people may see it: what may be a password is masked, also where it holds characters that
 * should have been escaped.
 */
export function maskAddress(address: string): string {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^]*)$/i.exec(address);
  if (!parts) return address;
  const [, scheme = '', rest = ''] = parts;
  const question = rest.lastIndexOf('?') > rest.lastIndexOf('@') ? rest.lastIndexOf('?') : rest.length;
  const at = rest.lastIndexOf('@', question);
  const login = at < 0 ? '' : rest.slice(0, at);
  const colon = login.indexOf(':');
  const shown = at < 0 ? '' : `${colon < 0 ? login : `${login.slice(0, colon)}:${MASK}`}@`;
  const query = rest
    .slice(question)
    .replace(/([?&])([^=&]*)=([^&]*)/g, (whole, before: string, name: string) =>
      SECRET_WORD.test(name) ? `${before}${name}=${MASK}` : whole,
    );
  return `${scheme}${shown}${rest.slice(at + 1, question)}${query}`;
}
