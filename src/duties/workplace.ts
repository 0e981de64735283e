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
import type { Collaboration } from '../coordination/collaboration.ts';
import type { CollaborationsView } from '../coordination/collaborations.ts';
import type { Follower } from '../coordination/follower.ts';
import type { LifecycleFacts } from '../coordination/lifecycle.ts';
import type { Trust } from '../coordination/records.ts';
import type { Identity } from '../identity/keys.ts';
import type { Logger, Troubles } from '../observe/logger.ts';

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
}

/** The only attempt a collaboration has: a failed run is opened anew as another collaboration, on a fresh tape. */
export const ATTEMPT = 1;

/** This role's files of one collaboration. */
export const pathOf = (place: Workplace, collaboration: string, ...names: string[]): string =>
  join(place.state, 'collaborations', collaboration, ...names);

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

/** What the log has told about a collaboration so far. */
export const factsOf = (log: CollaborationsView, id: string): LifecycleFacts | undefined =>
  log.collaboration(id)?.lifecycle.context;

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

  constructor(place: Workplace) {
    this.#place = place;
  }

  open(id: string, peer: Address, purpose: Purpose, ends: Ends): Channel {
    const { descriptor, digest } = collaborationOf(this.#place, id);
    const peerKey = descriptor.keys[peer];
    if (peerKey === undefined)
      throw new MpcError('channel.unknown-peer', `${peer} has no key in collaboration ${id}`, {
        place: { party: peer },
      });
    const name = nameOf(id, peer, purpose);
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
      topic: { deployment, collaboration: id, purpose, descriptor: digest, attempt: ATTEMPT },
      onTrouble: (report) => troubles.note(report, { collaboration: id, peer, purpose }),
    });
    this.#open.set(name, channel);
    return channel;
  }

  has(id: string, peer: Address, purpose: Purpose): boolean {
    return this.#open.has(nameOf(id, peer, purpose));
  }

  /** Closes the channels of a collaboration: all, or those of one purpose. */
  close(id: string, purpose?: Purpose): void {
    for (const [name, channel] of this.#open) {
      if (!name.startsWith(`${id} `) || (purpose !== undefined && !name.endsWith(` ${purpose}`))) continue;
      channel.close();
      this.#open.delete(name);
    }
  }

  closeAll(): void {
    for (const channel of this.#open.values()) channel.close();
    this.#open.clear();
  }
}

const nameOf = (id: string, peer: Address, purpose: Purpose): string => `${id} ${peer} ${purpose}`;
