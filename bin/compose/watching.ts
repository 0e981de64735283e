/**
 * Owns how a role is made to tell an inspector what it does, where its configuration names who may watch.
 */
import { isDeepStrictEqual } from 'node:util';
import { collaborationMachine } from '../../roles/collaboration.ts';
import { electionMachine } from '../../roles/election.ts';
import { machinesByRole } from '../../roles/index.ts';
import { hex } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { nextTransition } from '../../src/base/transitions.ts';
import type { Bus } from '../../src/bus/bus.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { RoleConfig } from '../../src/config/role-config.ts';
import type { LifecycleEvent, LifecycleSnapshot } from '../../src/coordination/lifecycle.ts';
import type { Applied } from '../../src/coordination/records.ts';
import { ELECTION_SERVERS } from '../../src/election/descriptor.ts';
import { type LifeEvent, type LifeSnapshot, stateOfLife } from '../../src/election/life.ts';
import { type Election, electionChange } from '../../src/election/rows.ts';
import { Feed } from '../../src/inspect/feed.ts';
import { KnownNames } from '../../src/inspect/names.ts';
import { watchedBus } from '../../src/inspect/watched-bus.ts';
import type { Accepted, RoleParts } from './parts.ts';

/** Undefined where nobody may watch. */
export function feedOf(config: RoleConfig, me: Address): Feed | undefined {
  const { inspect, deployment, replica } = config;
  if (inspect === undefined) return undefined;
  return new Feed({
    deployment,
    me,
    role: replica ?? me,
    viewer: inspect,
    start: hex.encode(systemRandom(8)),
    clock: systemClock,
    names: knownNames(),
  });
}

/** Those of all charts, so that what one role hears of another has its name, too. */
export function knownNames(): KnownNames {
  const machines = Object.assign({}, ...Object.values(machinesByRole));
  const commands = ['create', ...collaborationMachine.events];
  return new KnownNames(machines, [...commands, ...commands.map((kind) => `log.${kind}`)]);
}

/** The bus of a role that is watched: `far` is what it speaks through, which may be `bus` itself. */
export function watched(feed: Feed | undefined, bus: Bus, far: Bus): Bus {
  if (feed === undefined) return far;
  feed.open(bus);
  return watchedBus(far, feed, () => feed.close());
}

/** The role's effects, whose word of progress is heard. */
export function watchedEffects(feed: Feed | undefined, role: RoleParts): RoleParts['effects'] {
  if (feed === undefined) return role.effects;
  return Object.fromEntries(
    Object.entries(role.effects).map(([name, effect]) => [
      name,
      (context) =>
        effect({
          ...context,
          emit: (event) => {
            feed.emitted(context.actor, context.actor.split(':')[0] ?? '', event);
            context.emit(event);
          },
        }),
    ]),
  );
}

/** Tells of collaborations and elections themselves: their charts are played in the log, by no actor. */
export class LifecycleWatch {
  readonly #feed: Feed;
  readonly #last = new Map<string, LifecycleSnapshot>();

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  heard({ command, collaboration }: Pick<Accepted, 'command' | 'collaboration'>): void {
    const { id, lifecycle } = collaboration;
    const before = this.#last.get(id);
    this.#last.set(id, lifecycle);
    const { kind, ...facts } = command.body;
    // The log has accepted it, so that it is an event of the chart, or the first of all.
    const event = { ...facts, type: kind, author: command.author } as unknown as LifecycleEvent;
    const taken =
      before === undefined
        ? []
        : nextTransition(collaborationMachine, collaborationMachine.resolveState(before), event)[2];
    this.#feed.moved({
      actor: `collaboration:${id}`,
      machine: 'collaboration',
      event: kind,
      from: before === undefined ? [] : [leafOf(before)],
      to: [leafOf(lifecycle)],
      taken,
    });
  }

  /** Of an election: what only lists voters or boxes ballots, or says again what is known, moves nothing. */
  heardOther(applied: Applied): void {
    const change = electionChange(applied);
    if (applied.command === undefined || change === undefined) return;
    const { before, after } = change;
    if (before !== undefined && isDeepStrictEqual(before.life, after.life)) return;
    const event = electionEvent(applied.command, after);
    this.#feed.moved({
      actor: `election:${after.id}`,
      machine: 'election',
      event: event.type,
      from: before === undefined ? [] : [stateOfLife(before.life)],
      to: [stateOfLife(after.life)],
      taken: before === undefined ? [] : electionTransitions(before.life, event),
    });
  }
}

/** The command as the election's chart took it: with what its chapter found, which the election has since. */
function electionEvent(
  { author, body: { kind, ...facts } }: NonNullable<Applied['command']>,
  { life, batches, ballots, chain, history }: Election,
): LifeEvent {
  const { result, fragments } = life.context;
  const found = {
    ...{ author, isDue: true, box: { batches, ballots, chain, history } },
    ...(Object.keys(fragments).length < ELECTION_SERVERS.length ? {} : { result }),
  };
  // The log has accepted it, so that it is an event of the chart.
  return { ...facts, ...found, type: kind.replace(/^election\./, '') } as unknown as LifeEvent;
}

const electionTransitions = (before: LifeSnapshot, event: LifeEvent): readonly string[] =>
  nextTransition(electionMachine, electionMachine.resolveState(before), event)[2];

function leafOf({ value }: LifecycleSnapshot): string {
  return typeof value === 'string' ? value : `finished.${value.finished}`;
}
