/**
 * Owns which roles share a card: replicas of the coordinator, and all parties, whose charts are the same; each server has its own.
 */
import type { Token } from './chart-view.ts';
import type { Player } from './player.ts';
import { shortRole, tintOf } from './words.ts';

export interface Group {
  readonly title: string;
  readonly tint: string;
  /** Its machines: of the process first, then those of one collaboration or election. */
  readonly machines: readonly string[];
  readonly roles: readonly string[];
  /** How much of the page's width it takes, beside the others. */
  readonly weight: number;
}

export function groupsOf({ story, view }: Player): Group[] {
  const { roles } = story;
  const group = (title: string, kind: string, weight: number, members: readonly string[]): Group[] =>
    members.length === 0
      ? []
      : [
          {
            title,
            tint: tintOf(members[0] ?? title, roles),
            machines: view.machines[kind] ?? [],
            roles: members,
            weight,
          },
        ];
  const called = (name: string): string[] =>
    roles.filter((role) => role === name || role.startsWith(`${name}-`));
  return [
    ...group('coordinator', 'coordinator', 1.2, called('coordinator')),
    ...group('dealer', 'dealer', 0.85, called('dealer')),
    ...['server-a', 'server-b'].flatMap((server) => group(server, 'server', 1.4, called(server))),
    ...group('server-c', 'ballotServer', 1, called('server-c')),
    ...group('parties', 'client', 1.1, called('party')),
  ];
}

/** What a card shows of one chart: who is where, and what was taken last. */
export interface Shown {
  readonly machine: string;
  readonly active: Map<string, Token[]>;
  readonly hot: Set<string>;
  /** Each role's own state. */
  readonly states: readonly { readonly role: string; readonly leaves: readonly string[] }[];
}

/** The chart of the collaboration in hand where the group has a part in it, else the root's; `pinned` is shown in any case. */
export function machineOf(player: Player, group: Group, pinned: string | undefined): string {
  const { story, subject, cursor } = player;
  if (pinned !== undefined && group.machines.includes(pinned)) return pinned;
  const [root = '', ...others] = group.machines;
  if (subject === null) return root;
  return (
    others.find((machine) =>
      group.roles.some((role) => story.actorAt(role, machine, subject, cursor) !== undefined),
    ) ?? root
  );
}

export function shownOf(player: Player, group: Group, machine: string): Shown {
  const { story, subject, cursor, view } = player;
  const chart = view.charts[machine];
  const active = new Map<string, Token[]>();
  const hot = new Set<string>();
  const states: Shown['states'][number][] = [];
  const about = machine === group.machines[0] ? null : subject;
  for (const role of group.roles) {
    const actor = story.actorAt(role, machine, about, cursor);
    const move = actor === undefined ? undefined : story.moveAt(actor, cursor);
    if (move === undefined || chart === undefined) continue;
    const token = { tint: tintOf(role, story.roles), name: shortRole(role) };
    states.push({ role, leaves: move.to });
    for (const id of move.to.flatMap((leaf) => withOuter(chart.id, leaf)))
      if (active.get(id)?.includes(token) !== true) active.set(id, [...(active.get(id) ?? []), token]);
    for (const id of move.taken) hot.add(id);
  }
  return { machine, active, hot, states };
}

/** `session`, `session.init`, … for a leaf `init.…`. */
function withOuter(machine: string, leaf: string): string[] {
  const keys = leaf.split('.');
  return [machine, ...keys.map((_, index) => [machine, ...keys.slice(0, index + 1)].join('.'))];
}
