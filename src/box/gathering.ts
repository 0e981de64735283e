/**
 * Owns bringing ballots together: what voters gave to this server goes into the box, and what the box holds comes to this server.
 * Must never say that it holds a batch before every envelope of it is on the disk.
 *
 * All three servers may have the same ballot; one boxes it at once, the others only when that one does not: a third of the voters
 * each, so that the log does not hear everything three times.
 */

import type { BallotSizes } from '../ballot/election-type.ts';
import { hex } from '../base/bytes.ts';
import { type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { subjects } from '../bus/subjects.ts';
import { ELECTION_SERVERS } from '../election/descriptor.ts';
import { type Envelope, envelopeBytes, readEnvelope } from '../election/envelope.ts';
import { type BoxItem, packItems, trackerOf } from '../election/items.ts';
import type { ElectionsView } from '../election/rows.ts';
import type { Envelopes } from './envelopes.ts';
import { type Bell, type BoxPlace, peersOf } from './place.ts';

/** How long another server's voters' ballots wait for that server to box them. */
const OTHERS_MS = 2_000;
/** How soon the others are asked again for ballots that nobody had. */
const ASK_AGAIN_MS = 500;
const ASK_TIMEOUT_MS = 3_000;

export interface GatheringParts {
  readonly place: BoxPlace;
  readonly bell: Bell;
  readonly view: ElectionsView;
  readonly election: string;
  readonly envelopes: Envelopes;
  readonly sizes: BallotSizes;
  readonly mostInBatch: number;
  readonly onTrouble: (report: ErrorReport) => void;
}

interface Waiting {
  readonly item: BoxItem;
  readonly sinceMs: number;
}

export class Gathering {
  readonly #parts: GatheringParts;
  /** Accepted here and not in the box, by voter and counter. */
  readonly #unboxed = new Map<string, Waiting>();
  /** Voter and counter of everything boxed. */
  readonly #boxed = new Set<string>();
  /** How many of both each voter has. */
  readonly #castBy = new Map<number, number>();
  #noted = 0;
  #held = 0;
  #isFlushing = false;
  #isBoxing = false;

  constructor(parts: GatheringParts) {
    this.#parts = parts;
  }

  /** Ballots accepted here that are not in the box. */
  get unboxed(): number {
    return this.#unboxed.size;
  }

  /** Batches of which every envelope is here. */
  get held(): number {
    return this.#held;
  }

  hasUnboxed(tracker: string): boolean {
    return [...this.#unboxed.values()].some(({ item }) => trackerOf(this.#parts.election, item) === tracker);
  }

  /** Whether this voter has a ballot of that counter in the box, or here on the way to it. */
  knows(voter: number, counter: number): boolean {
    const name = nameOf({ voter, counter });
    return this.#boxed.has(name) || this.#unboxed.has(name);
  }

  /** How many ballots of that voter are in the box, or here on the way to it. */
  castBy(voter: number): number {
    return this.#castBy.get(voter) ?? 0;
  }

  /** What an earlier life accepted is boxed now; batches below `counted` are here for sure. */
  async restore(counted: number, isGood: (item: BoxItem) => boolean): Promise<void> {
    this.#held = counted;
    this.note();
    for (const envelope of await this.#parts.envelopes.mine())
      if (!this.#boxed.has(nameOf(envelope)) && isGood(envelope)) this.accept(envelope);
  }

  /** On the disk already: from now on it is this server's to box. */
  accept(item: BoxItem): void {
    const name = nameOf(item);
    if (this.#boxed.has(name)) return;
    if (!this.#unboxed.has(name)) this.#castBy.set(item.voter, this.castBy(item.voter) + 1);
    this.#unboxed.set(name, { item, sinceMs: this.#parts.place.workplace.clock.now() });
    this.#parts.bell.ring();
  }

  /** The log has gone on. */
  note(): void {
    const { view, election } = this.#parts;
    const batches = view.election(election)?.batches ?? 0;
    for (; this.#noted < batches; this.#noted++)
      for (const item of view.batch(election, this.#noted)?.items ?? []) {
        const name = nameOf(item);
        this.#boxed.add(name);
        if (!this.#unboxed.delete(name)) this.#castBy.set(item.voter, this.castBy(item.voter) + 1);
      }
    this.#parts.bell.ring();
  }

  /** Resolves when everything accepted here is in the box. */
  async flush(signal: AbortSignal): Promise<void> {
    this.#isFlushing = true;
    this.#parts.bell.ring();
    try {
      await this.#parts.bell.until(() => this.#unboxed.size === 0 && !this.#isBoxing, signal);
    } finally {
      this.#isFlushing = false;
    }
  }

  /** Boxes until the signal. */
  async boxAll(signal: AbortSignal): Promise<void> {
    const { bell, place, election, mostInBatch } = this.#parts;
    const { clock } = place.workplace;
    while (!signal.aborted) {
      const items = this.#due().slice(0, mostInBatch);
      if (items.length === 0) {
        // Others' ballots come due by time alone.
        const cancel = clock.after(OTHERS_MS / 4, () => bell.ring());
        await bell.next(signal).finally(cancel);
        continue;
      }
      this.#isBoxing = true;
      const sequence = await place.say({ kind: 'election.boxed', election, items: packItems(items) });
      if (sequence !== undefined)
        await bell.until(() => place.workplace.follower.state.sequence >= sequence, signal);
      this.#isBoxing = false;
      this.note();
      // Refused, they stay here: the log's state says why. Taken and not in the box, they are beyond what a voter may have.
      if (sequence === undefined) await clock.sleep(ASK_AGAIN_MS, signal);
      else
        for (const item of items)
          if (this.#unboxed.delete(nameOf(item))) this.#castBy.set(item.voter, this.castBy(item.voter) - 1);
    }
  }

  /** Fetches what this server misses of each batch, in order, and says what it holds. */
  async holdAll(signal: AbortSignal): Promise<void> {
    const { bell, view, election } = this.#parts;
    while (!signal.aborted) {
      const batch = view.batch(election, this.#held);
      if (batch === undefined) {
        await bell.next(signal);
        continue;
      }
      await this.#fetch(batch.items, signal);
      this.#held++;
      bell.ring();
    }
  }

  /** Tells the log how far this server holds the box: one word at a time, for as many batches as there are by then. */
  async sayHeld(signal: AbortSignal): Promise<void> {
    const { bell, view, election, place } = this.#parts;
    let said = view.election(election)?.progress[place.me]?.held ?? 0;
    while (!signal.aborted) {
      await bell.until(() => this.#held > said, signal);
      const batches = this.#held;
      const chain = view.batch(election, batches - 1)?.chain ?? '';
      await place.say({ kind: 'election.held', election, batches, chain });
      said = batches;
    }
  }

  #due(): BoxItem[] {
    const { place } = this.#parts;
    const now = place.workplace.clock.now();
    const own = ELECTION_SERVERS.indexOf(place.me);
    return [...this.#unboxed.values()]
      .filter(({ item, sinceMs }) => this.#isFlushing || item.voter % 3 === own || sinceMs + OTHERS_MS <= now)
      .map(({ item }) => item);
  }

  async #fetch(items: readonly BoxItem[], signal: AbortSignal): Promise<void> {
    const { envelopes, onTrouble, place } = this.#parts;
    for (let attempt = 0; ; attempt++) {
      const found = await envelopes.find(items.map(({ contents }) => contents));
      const missing = items.filter((_, at) => found[at] === undefined).map(({ contents }) => contents);
      if (missing.length === 0) return;
      const peers = peersOf(place.me);
      const peer = peers[attempt % peers.length];
      if (peer === undefined) return;
      try {
        await this.#ask(peer, missing, signal);
      } catch (error) {
        signal.throwIfAborted();
        onTrouble(reportOf(error));
      }
      if (attempt % peers.length === peers.length - 1)
        await place.workplace.clock.sleep(ASK_AGAIN_MS, signal);
    }
  }

  async #ask(
    peer: (typeof ELECTION_SERVERS)[number],
    missing: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<void> {
    const { place, election, sizes, envelopes } = this.#parts;
    const { bus, deployment } = place.workplace;
    const subject = subjects.election(deployment, peer, place.me, 'envelopes', election);
    const each = envelopeBytes(sizes);
    const most = mostInAnswer(sizes);
    for (let at = 0; at < missing.length; at += most) {
      const part = missing.slice(at, at + most);
      const answer = await bus.request(subject, Buffer.concat(part), ASK_TIMEOUT_MS);
      signal.throwIfAborted();
      if (answer.length % each !== 0)
        throw new MpcError('election.envelopes', `${peer} answered with something else than envelopes`, {
          hint: 'all servers must run the same version of mpc',
        });
      const wanted = new Set(part.map(hex.encode));
      const got: Envelope[] = [];
      for (let place = 0; place < answer.length; place += each) {
        const envelope = readEnvelope(sizes, answer.subarray(place, place + each));
        // The digest is what the voter signed: nothing else can come under it.
        if (wanted.delete(hex.encode(envelope.contents))) got.push(envelope);
      }
      await Promise.all(got.map((envelope) => envelopes.keep(envelope, false)));
    }
  }
}

/** Envelopes of one answer to another server: half a message of the broker. */
export const mostInAnswer = (sizes: BallotSizes): number =>
  Math.max(1, Math.floor(LIMITS.messageBytes / 2 / envelopeBytes(sizes)));

const nameOf = ({ voter, counter }: Pick<BoxItem, 'voter' | 'counter'>): string => `${voter}.${counter}`;
