/**
 * Owns verifying and counting at one server: batch after batch, each prepared, compared with the other two, and counted for good.
 * Must never count a batch twice, nor one whose three words are not all here.
 */
import type { BallotType } from '../ballot/election-type.ts';
import { assert } from '../base/errors.ts';
import { Counting } from '../election/counting.ts';
import { ELECTION_SERVERS } from '../election/descriptor.ts';
import { type Envelope, envelopeFor } from '../election/envelope.ts';
import { GrowingTally } from '../election/fragment.ts';
import { type BoxItem, boxRoot } from '../election/items.ts';
import type { Seal } from '../election/life.ts';
import type { BallotVerifier, PreparedBatch } from '../election/proofs.ts';
import type { ElectionsView } from '../election/rows.ts';
import type { Envelopes } from './envelopes.ts';
import type { Bell, BoxPlace } from './place.ts';
import type { Words } from './words.ts';

/** Batches prepared and not yet counted: bounds what their output shares take of memory. */
const AHEAD = 16;
/** Rejected ballots in one word to the log. */
const REJECTED_A_WORD = 4096;

export interface VerificationParts {
  readonly place: BoxPlace;
  readonly bell: Bell;
  readonly view: ElectionsView;
  readonly election: string;
  readonly envelopes: Envelopes;
  readonly type: BallotType;
  /** Absent once the keys are destroyed: everything is counted then. */
  readonly verifier: BallotVerifier | undefined;
  /** How many batches this server holds. */
  readonly held: () => number;
}

interface BatchInHand {
  readonly from: number;
  readonly items: readonly BoxItem[];
  readonly envelopes: readonly Envelope[];
  readonly prepared: PreparedBatch;
}

export class Verification {
  readonly #parts: VerificationParts;
  readonly #counting = new Counting();
  readonly #inHand = new Map<number, BatchInHand>();
  readonly #rejected = new Map<number, string>();
  #tally: GrowingTally;
  #counted = 0;
  #prepared = 0;
  #verifiedSaid = 0;

  constructor(parts: VerificationParts) {
    this.#parts = parts;
    this.#tally = new GrowingTally(parts.type);
  }

  /** Batches counted, ballots that count, ballots rejected. */
  get batches(): number {
    return this.#counted;
  }

  get ballots(): number {
    return this.#counting.size;
  }

  get rejected(): ReadonlyMap<number, string> {
    return this.#rejected;
  }

  counts(voter: number, position: number): boolean {
    return this.#counting.counts(voter, position);
  }

  /** Goes on where the last commit was. */
  async restore(): Promise<void> {
    const { place, election, view, type } = this.#parts;
    const checkpoint = await place.store.checkpoint(election);
    if (checkpoint === undefined) return;
    this.#tally = new GrowingTally(type, checkpoint.tally);
    for (const [position, reason] of await place.store.rejected(election))
      this.#rejected.set(position, reason);
    for (let index = 0; index < checkpoint.batches; index++) {
      const batch = view.batch(election, index);
      if (batch === undefined) throw new Error('assertion failed: what was counted is in the log');
      batch.items.forEach((item, at) => {
        if (!this.#rejected.has(batch.from + at)) this.#counting.take(batch.from + at, item);
      });
    }
    this.#counted = checkpoint.batches;
    this.#prepared = checkpoint.batches;
    this.#verifiedSaid = view.election(election)?.progress[place.me]?.verified ?? 0;
  }

  /** This server's word of a batch, also of one counted long ago; undefined past the end of a frozen box. */
  async wordOf(batch: number): Promise<Uint8Array | undefined> {
    const { bell, view, election, place, verifier } = this.#parts;
    const known = await bell.until(() => {
      const frozen = view.election(election)?.life.context.frozen ?? null;
      if (frozen !== null && batch >= frozen.batches) return 'ended' as const;
      return this.#inHand.get(batch) ?? (batch < this.#counted ? ('counted' as const) : undefined);
    }, place.signal);
    if (known === 'ended' || verifier === undefined) return undefined;
    if (known !== 'counted') return known.prepared.word;
    const { envelopes } = await this.#read(batch);
    return verifier.prepare(envelopes).word;
  }

  /** Prepares held batches until the signal. */
  async prepareAll(signal: AbortSignal): Promise<void> {
    const { bell, held, place } = this.#parts;
    const verifier = this.#verifier();
    while (!signal.aborted) {
      await bell.until(() => this.#prepared < held() && this.#prepared < this.#counted + AHEAD, signal);
      const batch = this.#prepared;
      const { from, items, envelopes } = await this.#read(batch);
      const prepared = verifier.prepare(envelopes);
      this.#inHand.set(batch, { from, items, envelopes, prepared });
      this.#prepared++;
      bell.ring();
      // Whoever waits for an answer is served between two batches.
      await place.workplace.clock.sleep(0, signal);
    }
  }

  /** Counts batches until the signal. Throws `election.word`. */
  async countAll(words: Words, signal: AbortSignal): Promise<void> {
    const { bell } = this.#parts;
    const verifier = this.#verifier();
    while (!signal.aborted) {
      const batch = this.#counted;
      const ready = await bell.until(() => {
        const mine = this.#inHand.get(batch);
        const all = mine && words.of(batch, ELECTION_SERVERS, mine.prepared.word);
        return mine && all && { mine, all };
      }, signal);
      const { from, items, envelopes, prepared } = ready.mine;
      const { valid, rejected } = verifier.finish(from, envelopes, prepared, ready.all);
      const { added, replaced } = this.#counting.takeAll(valid, (position) => {
        const item = items[position - from];
        assert(item !== undefined, 'what is valid is in the batch');
        return item;
      });
      this.#tally.add(added);
      const earlier = await this.#envelopesAt(replaced);
      this.#tally.remove(earlier.map((envelope) => verifier.outShareOf(envelope)));
      const { place, election } = this.#parts;
      await place.store.count(election, { batches: batch + 1, tally: this.#tally.halves }, rejected);
      for (const [position, reason] of rejected) this.#rejected.set(position, reason);
      this.#inHand.delete(batch);
      this.#counted++;
      words.forget(batch);
    }
  }

  /** Tells the log how far this server has verified, and what it rejected. */
  async sayVerified(signal: AbortSignal): Promise<void> {
    const { bell, view, election, place } = this.#parts;
    while (!signal.aborted) {
      await bell.until(() => this.#counted > this.#verifiedSaid, signal);
      let batches = this.#verifiedSaid;
      let rejected: [number, string][] = [];
      while (batches < this.#counted) {
        const batch = view.batch(election, batches);
        const end = (batch?.from ?? 0) + (batch?.items.length ?? 0);
        const here = [...this.#rejected].filter(
          ([position]) => position >= (batch?.from ?? 0) && position < end,
        );
        if (rejected.length + here.length > REJECTED_A_WORD) break;
        rejected = [...rejected, ...here.sort(([a], [b]) => a - b)];
        batches++;
      }
      await place.say({ kind: 'election.verified', election, batches, rejected });
      this.#verifiedSaid = batches;
    }
  }

  /** What the frozen box is, once every batch of it is counted. */
  async seal(signal: AbortSignal): Promise<Seal> {
    const { bell, view, election } = this.#parts;
    const frozen = await bell.until(() => {
      const found = view.election(election)?.life.context.frozen ?? null;
      return found !== null && this.#counted >= found.batches && this.#verifiedSaid >= found.batches && found;
    }, signal);
    return {
      root: boxRoot(this.#counting.counted(election)),
      counted: this.#counting.size,
      rejected: this.#rejected.size,
      history: frozen.history,
    };
  }

  /** This server's share of the tally of what counts now. A secret until the root is signed by all. */
  fragment(): string {
    return this.#tally.fragment();
  }

  #verifier(): BallotVerifier {
    const { verifier } = this.#parts;
    assert(verifier !== undefined, 'a box that is at work has its keys');
    return verifier;
  }

  async #read(batch: number): Promise<Omit<BatchInHand, 'prepared'>> {
    const { view, election, envelopes } = this.#parts;
    const found = view.batch(election, batch);
    if (found === undefined) throw new Error('assertion failed: a held batch is in the log');
    const read = await envelopes.find(found.items.map(({ contents }) => contents));
    const all = found.items.flatMap((item, at) => {
      const envelope = read[at];
      return envelope === undefined ? [] : [envelopeFor(item, envelope)];
    });
    if (all.length !== found.items.length) throw new Error('assertion failed: a held batch is on the disk');
    return { from: found.from, items: found.items, envelopes: all };
  }

  async #envelopesAt(positions: readonly number[]): Promise<Envelope[]> {
    if (positions.length === 0) return [];
    const { view, election, envelopes } = this.#parts;
    const items = positions.flatMap((position) => view.itemAt(election, position) ?? []);
    const found = await envelopes.find(items.map(({ contents }) => contents));
    return items.flatMap((item, at) => {
      const envelope = found[at];
      return envelope === undefined ? [] : [envelopeFor(item, envelope)];
    });
  }
}
