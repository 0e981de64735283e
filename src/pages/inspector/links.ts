/**
 * Owns what belongs together: a message, the move that it led to at its receiver, and the one that led to it at its sender. Records
 * do not say so: what follows within a moment, about the same collaboration, is taken for it.
 */
import { type Arrow, lastAtMost, type Story } from '../../inspect/story.ts';
import type { Focus } from './player.ts';

export interface Links {
  /** Places of arrows and of moves. */
  readonly arrows: ReadonlySet<number>;
  readonly moves: ReadonlySet<number>;
  /** Names of the transitions of those moves. */
  readonly transitions: ReadonlySet<string>;
  /** Roles that have a part in it. */
  readonly roles: ReadonlySet<string>;
}

const MOMENT_MS = 400;
/** Records that are looked through, either way. */
const NEAR = 400;

export function linksOf(story: Story, focus: Focus | null): Links {
  const arrows =
    focus?.kind === 'arrow' ? [focus.arrow] : focus?.kind === 'move' ? arrowsNear(story, focus.at) : [];
  const moves =
    focus?.kind === 'arrow' ? movesNear(story, focus.arrow) : focus?.kind === 'move' ? [focus.at] : [];
  const records = moves.flatMap((at) => story.records[at] ?? []);
  return {
    arrows: new Set(arrows.map(({ at }) => at)),
    moves: new Set(moves),
    transitions: new Set(records.flatMap((record) => (record.kind === 'moved' ? record.taken : []))),
    roles: new Set([...arrows.flatMap(({ from, to }) => [from, to]), ...records.map(({ role }) => role)]),
  };
}

function movesNear({ records }: Story, arrow: Arrow): number[] {
  const about = arrow.record.collaboration;
  const isIt = (at: number, role: string): boolean => {
    const record = records[at];
    if (record?.kind !== 'moved' || record.role !== role) return false;
    return about === null || record.collaboration === null || record.collaboration === about;
  };
  const found: number[] = [];
  for (let at = arrow.arrivedAt + 1; at < Math.min(records.length, arrow.arrivedAt + NEAR); at++) {
    if ((records[at]?.atMs ?? 0) - arrow.arrivedMs > MOMENT_MS) break;
    if (!isIt(at, arrow.to)) continue;
    found.push(at);
    break;
  }
  for (let at = arrow.at - 1; at > Math.max(-1, arrow.at - NEAR); at--) {
    if (arrow.sentMs - (records[at]?.atMs ?? 0) > MOMENT_MS) break;
    if (!isIt(at, arrow.from)) continue;
    found.push(at);
    break;
  }
  return found;
}

function arrowsNear({ records, arrows }: Story, at: number): Arrow[] {
  const move = records[at];
  if (move?.kind !== 'moved') return [];
  const middle = lastAtMost(arrows, at, (arrow) => arrow.at);
  return arrows.slice(Math.max(0, middle - NEAR), middle + NEAR).filter((arrow) => {
    const about = arrow.record.collaboration;
    if (about !== null && move.collaboration !== null && about !== move.collaboration) return false;
    const [came, went] = [move.atMs - arrow.arrivedMs, arrow.sentMs - move.atMs];
    const brought = arrow.to === move.role && arrow.arrivedAt < at && came >= 0 && came <= MOMENT_MS / 4;
    const followed = arrow.from === move.role && arrow.at > at && went >= 0 && went <= MOMENT_MS / 4;
    return brought || followed;
  });
}
