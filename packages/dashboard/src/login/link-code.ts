const CODE = /(?:^#|&)code=([^&]+)/;

/**
 * The code of a one-time link. It is taken out of the address at once: what stays there stays in the history of the
 * browser, and in what is copied from its address bar.
 */
export function takeLinkCode(
  location: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState' | 'state'>,
): string | null {
  const code = CODE.exec(location.hash)?.[1];
  if (code === undefined) return null;
  const path = location.pathname.replace(/login\/?$/, '');
  history.replaceState(history.state, '', `${path}${location.search}`);
  return decodeURIComponent(code);
}
