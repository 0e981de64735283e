/**
 * Owns what a role's process is given, what a role adds to it, and how a chart hears of an accepted command.
 */
import type { AnyStateMachine, EventObject } from 'xstate';
import type { Clock } from '../../src/base/clock.ts';
import type { RandomSource } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { Chapter } from '../../src/coordination/chapter.ts';
import type { CollaborationChange } from '../../src/coordination/collaborations.ts';
import type { Applied } from '../../src/coordination/records.ts';
import type { Workplace } from '../../src/duties/workplace.ts';
import type { Delivery, Effect, Host, Transition } from '../../src/host/host.ts';
import type { Identity } from '../../src/identity/keys.ts';
import type { Feed } from '../../src/inspect/feed.ts';
import type { Logger } from '../../src/observe/logger.ts';
import type { ReplicaStart } from './replica.ts';

export interface RuntimeParts {
  readonly deployment: string;
  readonly me: Address;
  readonly identity: Identity;
  readonly trust: Workplace['trust'];
  /** This role's own directory. */
  readonly state: string;
  /** A coordinator's: which of the replicas it is. */
  readonly replica?: string;
  /** Connects, waiting until there is a broker. */
  readonly connectBus: (signal: AbortSignal) => Promise<Bus>;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** Tells who may watch this role what it does; absent where nobody may. */
  readonly feed?: Feed;
}

/** What a role adds. Built once the host's parts are there; `place` gives what effects need, as soon as it is there. */
export interface RoleParts {
  /** The root chart's name, its actor's id, and its input. */
  readonly root: { readonly name: string; readonly input: object };
  readonly machines: Readonly<Record<string, AnyStateMachine>>;
  /** Those of them that hear nothing but the log, which is told anew after every restart, and effects that find their own files. */
  readonly retold?: readonly string[];
  readonly effects: Readonly<Record<string, Effect>>;
  readonly deliveries: Readonly<Record<string, Delivery>>;
  /** Chapters of the log that it follows; what participants act on without it. */
  readonly chapters?: readonly Chapter[];
  /** Where it begins to follow the log, and what it writes through to; from the first entry without it. */
  readonly beginning?: (bus: Bus) => Promise<ReplicaStart>;
  /** What an accepted command of the log means to this role. */
  readonly onApplied: (applied: Accepted, host: Host) => Promise<void>;
  /** What an accepted command of any other chapter means to this role. */
  readonly onOther?: (applied: Applied, host: Host) => Promise<void>;
  /** The log has been caught up with for the first time. */
  readonly onCaughtUp?: () => Promise<void>;
  readonly onTransition?: (transition: Transition) => void;
  /** Ends channels and whatever else the duties hold. */
  readonly stop: () => Promise<void> | void;
}

/** A command that was accepted, and the collaboration it is about. */
export type Accepted = Applied & CollaborationChange & { readonly command: NonNullable<Applied['command']> };

export type LogEvent = EventObject & Readonly<Record<string, unknown>>;

/** The event that a chart of one collaboration hears of a log entry. */
export function logEvent({ command, collaboration, statusBefore, statusAfter }: Accepted): LogEvent {
  const { kind, ...body } = command.body;
  const { collaboration: _, ...facts } = { collaboration: undefined, ...body };
  const { reason } = collaboration.lifecycle.context;
  const ended = statusAfter === 'failed' && reason !== undefined ? { ended: reason } : {};
  const status = statusAfter === statusBefore ? {} : { status: statusAfter, ...ended };
  return { type: `log.${kind}`, author: command.author, ...facts, ...status };
}

/** Once-only key of a command in the log. */
export const logKey = ({ sequence, index }: Accepted): string => `log:${sequence}.${index}`;
