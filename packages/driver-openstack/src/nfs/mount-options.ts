const NUMBER = /^\d{1,9}$/;
const NONE = /^$/;
/**
 * Options of nfs(5) that a cloud may ask for, with what their values may be: those that say how to speak to the server.
 * None that takes a path or a program, or that loosens what {@link ALWAYS} says.
 */
const ALLOWED: Readonly<Record<string, RegExp>> = {
  vers: /^[234](\.[0-2])?$/,
  nfsvers: /^[234](\.[0-2])?$/,
  minorversion: /^[0-2]$/,
  proto: /^(tcp|udp|rdma)6?$/,
  mountproto: /^(tcp|udp)6?$/,
  tcp: NONE,
  udp: NONE,
  port: NUMBER,
  mountport: NUMBER,
  mountvers: /^[123]$/,
  rsize: NUMBER,
  wsize: NUMBER,
  timeo: NUMBER,
  retrans: NUMBER,
  retry: NUMBER,
  nconnect: NUMBER,
  acregmin: NUMBER,
  acregmax: NUMBER,
  acdirmin: NUMBER,
  acdirmax: NUMBER,
  actimeo: NUMBER,
  sec: /^(sys|krb5|krb5i|krb5p)(:(sys|krb5|krb5i|krb5p))*$/,
  lookupcache: /^(all|none|pos|positive)$/,
  local_lock: /^(all|flock|posix|none)$/,
  hard: NONE,
  soft: NONE,
  softerr: NONE,
  ac: NONE,
  noac: NONE,
  lock: NONE,
  nolock: NONE,
  sharecache: NONE,
  nosharecache: NONE,
  rdirplus: NONE,
  nordirplus: NONE,
  noatime: NONE,
  nodiratime: NONE,
  relatime: NONE,
  rw: NONE,
  async: NONE,
};
/** Volumes are bytes: nothing of a share is run, nor is it a device. */
const ALWAYS = ['nosuid', 'nodev', 'noexec'];

/**
 * What the option -o of mount is given. @param text options of a connection, with or without the `-o` that Cinder has before
 * @returns null with the first option that is not allowed
 */
export function mountOptions(text: string): { readonly options: string } | { readonly refused: string } {
  const list = text
    .trim()
    .replace(/^-o\s*/, '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !ALWAYS.includes(one));
  for (const one of list) {
    const at = one.indexOf('=');
    const [name, value] = at < 0 ? [one, ''] : [one.slice(0, at), one.slice(at + 1)];
    if (!Object.hasOwn(ALLOWED, name) || ALLOWED[name]?.test(value) !== true) return { refused: one };
  }
  return { options: [...list, ...ALWAYS].join(',') };
}

/** `server:/path`, as no option of mount and with nothing that a table of mounts would not give back. */
export function isShare(share: string): boolean {
  return /^([a-z0-9][\w.-]*|\[[0-9a-f:.%a-z]+\]):\/[\x21-\x7e]*$/i.test(share) && !/[\\,]/.test(share);
}
