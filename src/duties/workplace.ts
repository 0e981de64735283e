/**
 * Owns what a role's duties work with: its place on the bus, its keys, its directory, the log it follows.
 * Built once by the composition in bin; nothing here is global.
 */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { Address, Purpose } from '../bus/subjects.ts';
import type { Channel, ChunkSink, ChunkSource } from '../channel/channel.ts';
import { openChannel } from '../channel/sealed-channel.ts';
import type { Collaboration, CollaborationsView } from '../coordination/collaboration.ts';
import type { Follower } from '../coordination/follower.ts';
import type { LifecycleFacts } from '../coordination/lifecycle.ts';
import type { Trust } from '../coordination/records.ts';
import type { Identity } from '../identity/keys.ts';
import type { Logger, Meters, Troubles } from '../observe/logger.ts';

export interface Workplace {
  readonly deployment: string;
  readonly me: Address;
  readonly identity: Identity;
  readonly trust: Trust;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** This role's own directory. */
  readonly state: string;
  readonly follower: Follower;
  readonly logger: Logger;
  readonly troubles: Troubles;
  readonly meters: Meters;
}

/** One attempt at a collaboration: what tapes, masked rows, results and channels belong to. */
export interface Run {
  readonly collaboration: string;
  readonly attempt: number;
}

/** This role's files of one attempt. */
export const pathOf = (place: Workplace, { collaboration, attempt }: Run, ...names: string[]): string =>
  join(place.state, 'collaborations', collaboration, `attempt-${attempt}`, ...names);

/** The collaboration as the log has it. Throws `collaboration.unknown`. */
export function collaborationOf(place: Workplace, id: string): Collaboration {
  const found = place.follower.collaboration(id);
  if (found === undefined)
    throw new MpcError('collaboration.unknown', `the log holds no collaboration ${id}`, {
      hint: 'check the deployment name and the broker that this role uses',
      exitCode: EXIT.unavailable,
    });
  return found;
}

/** Looks collaborations up in the log as it is now. */
export const findIn =
  ({ follower }: Workplace) =>
  (collaboration: string): Collaboration | undefined =>
    follower.collaboration(collaboration);

/** What the log has told about a run so far; undefined when it holds another attempt now. */
export function factsOf(
  log: CollaborationsView,
  { collaboration, attempt }: Run,
): LifecycleFacts | undefined {
  const facts = log.collaboration(collaboration)?.lifecycle.context;
  return facts?.attempt === attempt ? facts : undefined;
}

export interface Ends {
  readonly outgoing?: ChunkSource;
  readonly incoming?: ChunkSink;
  readonly onPresence?: (present: boolean) => void;
}

/**
 * The channels a role has open, by collaboration, peer and purpose. Opening one again closes the one before.
 */
export class Links {
  readonly #place: Workplace;
  readonly #open = new Map<string, Channel>();
  #isOver = false;

  constructor(place: Workplace) {
    this.#place = place;
  }

  open(run: Run, peer: Address, purpose: Purpose, ends: Ends): Channel {
    const { collaboration: id, attempt } = run;
    const { descriptor, digest } = collaborationOf(this.#place, id);
    const peerKey = descriptor.keys[peer];
    if (peerKey === undefined)
      throw new MpcError('channel.unknown-peer', `${peer} has no key in collaboration ${id}`, {
        place: { party: peer },
      });
    const name = nameOf(run, peer, purpose);
    this.#open.get(name)?.close();
    const { bus, clock, random, identity, me, deployment, troubles } = this.#place;
    const channel = openChannel({
      ...ends,
      bus,
      clock,
      random,
      identity,
      me,
      peer,
      peerKey,
      topic: { deployment, collaboration: id, purpose, descriptor: digest, attempt },
      onTrouble: (report) => troubles.note(report, { collaboration: id, peer, purpose }),
    });
    // An effect that began while the role drains must not keep its process alive.
    if (this.#isOver) channel.close();
    else this.#open.set(name, channel);
    return channel;
  }

  /** Closes the channels of a run: all, or those of one purpose, or those of one purpose to one peer. */
  close(run: Run, purpose?: Purpose, peer?: Address): void {
    for (const [name, channel] of this.#open) {
      if (!name.startsWith(peer === undefined ? `${keyOf(run)} ` : `${keyOf(run)} ${peer} `)) continue;
      if (purpose !== undefined && !name.endsWith(` ${purpose}`)) continue;
      channel.close();
      this.#open.delete(name);
    }
  }

  /** Closes all, for good. */
  closeAll(): void {
    this.#isOver = true;
    for (const channel of this.#open.values()) channel.close();
    this.#open.clear();
  }
}

const keyOf = ({ collaboration, attempt }: Run): string => `${collaboration}.${attempt}`;
const nameOf = (run: Run, peer: Address, purpose: Purpose): string => `${keyOf(run)} ${peer} ${purpose}`;
