/**
 * Owns one election at one server, from its keys to its fragment: the parts of the box, put together.
 * Must never compute a fragment for the log before the log says that all three servers signed one root.
 */
import { setMaxListeners } from 'node:events';
import { BallotType } from '../ballot/election-type.ts';
import { assert, MpcError } from '../base/errors.ts';
import { mostInBatch } from '../election/box-memory.ts';
import {
  ELECTION_SERVERS,
  type ElectionDescriptor,
  type ElectionServer,
  kindOfBallots,
} from '../election/descriptor.ts';
import { EnvelopeOpener } from '../election/envelope.ts';
import { trackerOf } from '../election/items.ts';
import { ELECTION_ENDED, type Seal } from '../election/life.ts';
import { BallotVerifier } from '../election/proofs.ts';
import { type Receipt, type Standing, signStanding } from '../election/receipts.ts';
import { ElectionsView } from '../election/rows.ts';
import { verifyKeyOf } from '../election/verify-key.ts';
import { Envelopes } from './envelopes.ts';
import { Gathering } from './gathering.ts';
import { Intake } from './intake.ts';
import { keysAt } from './keys.ts';
import { Bell, type BoxPlace } from './place.ts';
import { Verification } from './verification.ts';
import { Words } from './words.ts';

/** What `print stats` shows of one election. */
export interface BoxStats {
  readonly election: string;
  readonly title: string;
  readonly status: string;
  readonly voters: number;
  readonly ballots: number;
  readonly batches: number;
  readonly unboxed: number;
  readonly held: number;
  readonly verified: number;
  readonly counted: number;
  readonly rejected: number;
  readonly away: readonly string[];
}

export class ElectionBox {
  readonly id: string;
  readonly #place: BoxPlace;
  readonly #view: ElectionsView;
  readonly #descriptor: ElectionDescriptor;
  readonly #type: BallotType;
  readonly #bell = new Bell();
  readonly #closed = new AbortController();
  readonly #envelopes: Envelopes;
  readonly #gathering: Gathering;
  readonly #away = new Set<ElectionServer>();
  /** Positions by tracker, as far as they were looked at. */
  readonly #positions = new Map<string, number>();
  #indexed = 0;
  #verification: Verification | undefined;
  #intake: Intake | undefined;
  #words: Words | undefined;
  #opened: Promise<void> | undefined;
  #onPresence: (peer: ElectionServer, present: boolean) => void = () => {};

  constructor(place: BoxPlace, id: string) {
    const view = new ElectionsView(place.workplace.follower.state);
    const descriptor = view.descriptor(id);
    assert(descriptor !== undefined, 'a box is of an election in the log');
    this.id = id;
    this.#place = place;
    this.#view = view;
    this.#descriptor = descriptor;
    this.#type = new BallotType(kindOfBallots(descriptor));
    this.#envelopes = new Envelopes(place.store, id, this.#type.sizes);
    this.#gathering = new Gathering({
      place,
      bell: this.#bell,
      view,
      election: id,
      envelopes: this.#envelopes,
      sizes: this.#type.sizes,
      mostInBatch: mostInBatch(this.#type),
      onTrouble: (report) => place.workplace.troubles.note(report, { election: id }),
    });
  }

  get type(): BallotType {
    return this.#type;
  }

  get envelopes(): Envelopes {
    return this.#envelopes;
  }

  /** The log has gone on. */
  note(): void {
    if (this.#verification === undefined) this.#bell.ring();
    else this.#gathering.note();
  }

  /** Runs the box until the signal: boxes, holds, verifies, counts. Throws what makes going on impossible. */
  async keep(
    signal: AbortSignal,
    onPresence: (peer: ElectionServer, present: boolean) => void,
  ): Promise<void> {
    this.#onPresence = onPresence;
    const verification = await this.#open();
    const words = this.#words;
    assert(words !== undefined, 'an open box has its channels');
    const failed = new AbortController();
    const both = AbortSignal.any([signal, failed.signal, this.#closed.signal]);
    setMaxListeners(0, both);
    const gathering = this.#gathering;
    const loops = [
      gathering.boxAll(both),
      gathering.holdAll(both),
      gathering.sayHeld(both),
      verification.prepareAll(both),
      verification.countAll(words, both),
      verification.sayVerified(both),
    ];
    try {
      await Promise.race([...loops, aborted(both)]);
      if (this.#closed.signal.aborted) throw STOPPED();
    } finally {
      failed.abort(STOPPED());
      // Nobody needs a word of an election that has ended.
      if (ELECTION_ENDED.includes(this.#view.election(this.id)?.status ?? 'open')) words.close();
      await Promise.allSettled(loops);
    }
  }

  /** Ballots of a voter, or a batch of them. */
  async take(bytes: Uint8Array): Promise<Receipt | undefined> {
    if (this.#view.election(this.id)?.status === 'draft') return undefined;
    await this.#open();
    return this.#intake?.take(bytes);
  }

  /** The voter who signed the first of these ballots, as far as this box can tell yet. */
  signerOf(bytes: Uint8Array): number | undefined {
    return this.#intake?.signerOf(bytes);
  }

  /** Resolves when everything that was accepted here is in the box. */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#open();
    const both = AbortSignal.any([signal, this.#closed.signal]);
    await this.#intake?.settled(both);
    await this.#gathering.flush(both);
  }

  async seal(signal: AbortSignal): Promise<Seal> {
    return (await this.#open()).seal(AbortSignal.any([signal, this.#closed.signal]));
  }

  /** For the log: only once all three have signed one root. */
  async agreedFragment(): Promise<{ readonly root: string; readonly fragment: string }> {
    const verification = await this.#open();
    const { life } = this.#view.election(this.id) ?? {};
    const seal = life?.context.seals[this.#place.me];
    const mayTally = life?.value === 'tallying' || life?.value === 'published';
    assert(mayTally && seal !== undefined, 'the log says that all three signed one root');
    return { root: seal.root, fragment: verification.fragment() };
  }

  /** This server's fragment of what counts so far: its own, and of no use alone. */
  async ownFragment(): Promise<string> {
    return (await this.#open()).fragment();
  }

  async standing(tracker: string): Promise<Standing> {
    if (this.#view.election(this.id)?.status !== 'draft') await this.#open();
    this.#index();
    const { me, workplace } = this.#place;
    const said = { election: this.id, server: me, tracker };
    const position = this.#positions.get(tracker);
    if (position === undefined)
      return signStanding(workplace.identity, {
        ...said,
        state: this.#gathering.hasUnboxed(tracker) ? 'accepted' : 'unknown',
      });
    const item = this.#view.itemAt(this.id, position);
    const reason = this.#verification?.rejected.get(position);
    const batchEnd = this.#verification?.batches ?? 0;
    const verified =
      position < (this.#view.batch(this.id, batchEnd)?.from ?? Number.POSITIVE_INFINITY) && batchEnd > 0;
    const holds = item !== undefined && (await this.#envelopes.has(item.contents));
    const isFinal = ['tallying', 'published'].includes(this.#view.election(this.id)?.status ?? '');
    const state =
      reason !== undefined
        ? 'rejected'
        : !holds
          ? 'unknown'
          : !verified
            ? 'boxed'
            : !(this.#verification?.counts(item.voter, position) ?? false)
              ? 'replaced'
              : isFinal
                ? 'counted'
                : 'verified';
    return signStanding(workplace.identity, {
      ...said,
      state,
      position,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  stats(): BoxStats {
    const election = this.#view.election(this.id);
    const { title } = this.#descriptor;
    return {
      election: this.id,
      title,
      status: election?.status ?? 'unknown',
      voters: election?.voters ?? 0,
      ballots: election?.ballots ?? 0,
      batches: election?.batches ?? 0,
      unboxed: this.#gathering.unboxed,
      held: this.#gathering.held,
      verified: this.#verification?.batches ?? 0,
      counted: this.#verification?.ballots ?? 0,
      rejected: this.#verification?.rejected.size ?? 0,
      away: [...this.#away].sort(),
    };
  }

  /** Gives up what is in memory; who waits is told. The disk has everything. */
  close(): void {
    this.#closed.abort(STOPPED());
    this.#words?.close();
  }

  async #open(): Promise<Verification> {
    this.#opened ??= this.#restore();
    await this.#opened;
    assert(this.#verification !== undefined, 'an open box verifies');
    return this.#verification;
  }

  /** Once the box is open in the log: keys, what an earlier life did, channels. */
  async #restore(): Promise<void> {
    const { me } = this.#place;
    const election = this.#view.election(this.id);
    assert(election !== undefined, 'a box is of an election in the log');
    const { digest, life } = election;
    const keys = await keysAt(this.#place, this.id);
    const server = ELECTION_SERVERS.indexOf(me);
    const opener = keys && new EnvelopeOpener(digest, server, keys.sealingKey);
    const verifier =
      keys &&
      opener &&
      new BallotVerifier({
        server,
        digest,
        type: this.#type,
        verifyKey: verifyKeyOf(digest, me, keys, life.context.keyed),
        opener,
      });
    const verification = new Verification({
      place: this.#place,
      bell: this.#bell,
      view: this.#view,
      election: this.id,
      envelopes: this.#envelopes,
      type: this.#type,
      verifier,
      held: () => this.#gathering.held,
    });
    await verification.restore();
    const voters = this.#view.voters(this.id);
    await this.#gathering.restore(verification.batches, (item) => {
      const key = voters[item.voter];
      return key !== undefined && this.#place.memo.isGood(this.id, key, item);
    });
    this.#verification = verification;
    if (opener === undefined) return;
    this.#intake = new Intake({
      place: this.#place,
      view: this.#view,
      election: this.id,
      sizes: this.#type.sizes,
      opener,
      envelopes: this.#envelopes,
      gathering: this.#gathering,
      voters,
    });
    if (ELECTION_ENDED.includes(election.status)) return;
    this.#words = new Words({
      place: this.#place,
      bell: this.#bell,
      election: this.id,
      digest,
      keys: this.#descriptor.keys,
      counted: verification.batches,
      wordOf: (batch) => verification.wordOf(batch),
      onPresence: (peer, present) => {
        if (present) this.#away.delete(peer);
        else this.#away.add(peer);
        this.#onPresence(peer, present);
      },
    });
    this.#gathering.note();
  }

  #index(): void {
    const batches = this.#view.election(this.id)?.batches ?? 0;
    for (; this.#indexed < batches; this.#indexed++) {
      const batch = this.#view.batch(this.id, this.#indexed);
      batch?.items.forEach((item, at) => {
        this.#positions.set(trackerOf(this.id, item), batch.from + at);
      });
    }
  }
}

const STOPPED = (): MpcError => new MpcError('election.box-stopped', 'the box has stopped');

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
