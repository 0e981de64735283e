/**
 * Owns the token that opens a page's service: it comes in the fragment of the page's address, which browsers send to nobody, and is
 * kept for this tab alone. Must never stay in the address, where histories and screens show it.
 */

/** A key of the tab's own storage, so that a reload still gets in. */
const KEPT = 'token';

/** The token of the address (`#token=…`), or the one that this tab had before; undefined where there is none. */
export function takeToken(window: Window): string | undefined {
  const { location, history, sessionStorage } = window;
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEPT) ?? undefined;
}
