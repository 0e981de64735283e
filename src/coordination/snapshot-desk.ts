/**
 * Owns handing this replica's state to one that has none: a head that a coordinator's key signed, then the lines, part by part.
 * Must never hand out parts of two states under one head, nor keep more than a few states for askers that went away.
 */
import { utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import { LIMITS } from '../base/limits.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { Identity } from '../identity/keys.ts';
import type { Follower } from './follower.ts';
import { signText } from './signatures.ts';
import { stateDigest, stateLines } from './snapshot.ts';

/** One of the replicas answers. */
const QUEUE = 'coordinator-snapshot';
/** States that are being handed out at a time. */
const HANDED_OUT = 2;
/** Characters of one part, but at least one line. */
const PART_CHARACTERS = LIMITS.chunkBytes;

export const SNAPSHOT = 'log snapshot';

/** The text that a coordinator signs for a snapshot. */
export const snapshotText = (head: {
  readonly deployment: string;
  readonly sequence: number;
  readonly chain: string;
  readonly digest: string;
}): string => canonicalJson({ ...head });

export interface SnapshotDeskOptions {
  readonly bus: Bus;
  readonly deployment: string;
  /** The coordinator's. */
  readonly identity: Identity;
  readonly follower: Follower;
  /** This replica's name on the bus, another one in every process: a letter or digit each. */
  readonly replica: string;
}

/** Answers until it is unsubscribed. */
export function openSnapshotDesk(options: SnapshotDeskOptions): Subscription {
  const { bus, deployment, replica } = options;
  const desk = new Desk(options);
  const heads = bus.subscribe(subjects.snapshot(deployment), ({ respond }) => respond?.(desk.head()), QUEUE);
  const parts = bus.subscribe(subjects.snapshot(deployment, replica), ({ data, respond }) =>
    respond?.(desk.part(data)),
  );
  return {
    unsubscribe: () => {
      heads.unsubscribe();
      parts.unsubscribe();
    },
  };
}

interface HandedOut {
  readonly lines: Iterator<string>;
  /** Number of the part that was handed out last, and its text: it is asked for again when it is lost. */
  last: { readonly number: number; readonly text: string };
}

class Desk {
  readonly #options: SnapshotDeskOptions;
  readonly #handedOut = new Map<string, HandedOut>();
  #count = 0;

  constructor(options: SnapshotDeskOptions) {
    this.#options = options;
  }

  head(): Uint8Array {
    const { deployment, identity, follower, replica } = this.#options;
    const state = follower.snapshot();
    const { sequence, chain } = state;
    const digest = stateDigest(state);
    const name = `${++this.#count}`;
    this.#handedOut.set(name, { lines: stateLines(state), last: { number: 0, text: '' } });
    for (const oldest of this.#handedOut.keys()) {
      if (this.#handedOut.size <= HANDED_OUT) break;
      this.#handedOut.delete(oldest);
    }
    const signature = signText(identity, SNAPSHOT, snapshotText({ deployment, sequence, chain, digest }));
    return utf8.encode(canonicalJson({ replica, name, sequence, chain, digest, signature }));
  }

  /** `<name> <number of the part, from 1>`. Nothing comes back after the last part, or when the state is no longer here. */
  part(data: Uint8Array): Uint8Array {
    const [name = '', number] = utf8.decode(data.subarray(0, 40)).split(' ');
    const handed = this.#handedOut.get(name);
    if (handed === undefined) return new Uint8Array();
    if (Number(number) === handed.last.number + 1)
      handed.last = { number: handed.last.number + 1, text: nextPart(handed.lines) };
    return Number(number) === handed.last.number ? utf8.encode(handed.last.text) : new Uint8Array();
  }
}

function nextPart(lines: Iterator<string>): string {
  let text = '';
  while (text.length < PART_CHARACTERS) {
    const { value, done } = lines.next();
    if (done === true) break;
    text += `${value}\n`;
  }
  return text;
}
