/**
 * Owns how names, sizes and times are said, and which colour a role has.
 */
const PARTY_COLOURS = 6;

/** The name of a role's colour: a `data-tint` of page.css. */
export function tintOf(role: string, roles: readonly string[]): string {
  if (!role.startsWith('party-')) return role.startsWith('coordinator') ? 'coordinator' : role;
  const parties = roles.filter((each) => each.startsWith('party-'));
  return `party-${Math.max(0, parties.indexOf(role)) % PARTY_COLOURS}`;
}

export const shortRole = (role: string): string => role.replace(/^party-/, '');

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** Seconds since the run's first record. */
export function timeText(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

export function durationText(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `waitingForRandomness` in words. */
export function spoken(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** `✓ receiveTape` for `xstate.done.actor.receiveTape`. */
export function eventText(type: string): string {
  return type
    .replace(/^xstate\.done\.actor\./, '✓ ')
    .replace(/^xstate\.error\.actor\./, '✗ ')
    .replace(/^xstate\.init$/, 'start');
}
