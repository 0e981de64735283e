/**
 * Owns all elections of one server: what comes for them over the bus, and what their charts let them do.
 * Must never answer for an election that the log does not hold.
 */
import { setMaxListeners } from 'node:events';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import type { Message, Subscription } from '../bus/bus.ts';
import { type ElectionVerb, subjects } from '../bus/subjects.ts';
import { newCommandId } from '../coordination/commands.ts';
import { submitCommand } from '../coordination/submit.ts';
import type { Workplace } from '../duties/workplace.ts';
import type { ElectionBody } from '../election/bodies.ts';
import type { SignatureMemo } from '../election/box-memory.ts';
import { ELECTION_SERVERS, type ElectionServer, isElectionId } from '../election/descriptor.ts';
import { ElectionsView } from '../election/rows.ts';
import { awaitDeadline } from '../host/effects.ts';
import type { EffectContext } from '../host/host.ts';
import { retryDelayMs } from '../host/retry.ts';
import { openStore } from '../store/store.ts';
import { answerTo } from './answers.ts';
import { type BoxStats, ElectionBox } from './election-box.ts';
import { mostInAnswer } from './gathering.ts';
import { makeKeyShare, makeKeys } from './keys.ts';
import type { BoxPlace } from './place.ts';
import { BoxStore } from './store.ts';
import { type TurnLimits, Turns } from './turns.ts';

type Context = EffectContext<{ election: string }>;

/** Ballots that a voter of the election signed: other voters' messages get their turn, however many one sends. */
const OF_VOTERS: TurnLimits = { inHand: 48, perSender: 4, waiting: 256 };
/** Ballots that nobody in the list signed have turns of their own, so that they take none from voters. */
const OF_STRANGERS: TurnLimits = { inHand: 8, perSender: 8, waiting: 32 };
/** Questions; a coordinator asks for many who have no key. */
const QUESTIONS: TurnLimits = { inHand: 16, perSender: 64, waiting: 256 };
const OF_SERVERS: TurnLimits = { inHand: 16, perSender: 32, waiting: 64 };
const DIGEST_BYTES = 32;
/** The log's clock may be behind ours. */
const MARGIN_MS = 2_000;
/** How soon a close that was too early is said again. */
const AGAIN_MS = 5_000;
/** Faults that pass: of disk, broker and log, and of a box that was given up for one of them. */
const PASSES = /^(store|bus|log|coordinator)\.|^election\.box-stopped$/;

interface Turn {
  readonly turns: Turns;
  readonly sender: string;
}

export class Boxes {
  readonly #place: BoxPlace;
  readonly #view: ElectionsView;
  readonly #boxes = new Map<string, ElectionBox>();
  readonly #subscriptions: Subscription[] = [];
  readonly #stopping: AbortController;
  readonly #turns = {
    voters: new Turns(OF_VOTERS),
    strangers: new Turns(OF_STRANGERS),
    questions: new Turns(QUESTIONS),
    servers: new Turns(OF_SERVERS),
  };

  private constructor(place: BoxPlace, stopping: AbortController) {
    this.#place = place;
    this.#stopping = stopping;
    this.#view = new ElectionsView(place.workplace.follower.state);
  }

  /** `file`: the database of this server's ballots. Throws `store.*`. */
  static async open(
    workplace: Workplace,
    me: ElectionServer,
    file: string,
    memo: SignatureMemo,
  ): Promise<Boxes> {
    const store = await BoxStore.open(await openStore({ path: file }));
    const stopping = new AbortController();
    // Every wait of every election listens to it.
    setMaxListeners(0, stopping.signal);
    const place: BoxPlace = {
      workplace,
      me,
      store,
      memo,
      signal: stopping.signal,
      say: (body) => say(workplace, body, stopping.signal),
    };
    return new Boxes(place, stopping);
  }

  /** Whatever ends now has not failed. */
  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Begins to answer voters and the other servers. */
  listen(): void {
    const { bus, deployment } = this.#place.workplace;
    const { me } = this.#place;
    const hear = (
      from: 'voter' | ElectionServer,
      verb: ElectionVerb,
      turn: (message: Message, election: string) => Turn,
      answer: (message: Message, election: string) => Promise<Uint8Array | undefined>,
    ): void => {
      const subject = subjects.election(deployment, me, from, verb, '*');
      this.#subscriptions.push(
        bus.subscribe(subject, (message) => {
          const election = message.subject.split('.').at(-1) ?? '';
          void this.#answer(message, election, turn(message, election), () => answer(message, election));
        }),
      );
    };
    const { questions, servers } = this.#turns;
    hear(
      'voter',
      'ballots',
      ({ data, inbox }, election) => this.#turnFor(election, data, inbox),
      async ({ data }, election) => this.#take(election, data),
    );
    hear(
      'voter',
      'ask',
      ({ inbox }) => ({ turns: questions, sender: `inbox ${inbox}` }),
      async ({ data }, election) => answerTo(this.#view, this.#boxOf(election), election, data),
    );
    for (const peer of ELECTION_SERVERS)
      if (peer !== me)
        hear(
          peer,
          'envelopes',
          () => ({ turns: servers, sender: peer }),
          ({ data }, election) => this.#envelopes(election, data),
        );
  }

  /** The log has gone on with that election. */
  note(election: string): void {
    this.#boxes.get(election)?.note();
  }

  async makeKeys({ input }: Context) {
    return makeKeys(this.#place, this.#electionOf(input.election));
  }

  async makeKeyShare({ input }: Context) {
    return makeKeyShare(this.#place, this.#electionOf(input.election));
  }

  async keepBox(context: Context): Promise<void> {
    const { emit, signal } = context;
    await this.#withBox(context, (box) =>
      box.keep(
        signal,
        (peer, present) => emit({ type: present ? 'peer.present' : 'peer.away', peer } as never), // the host's events are open
      ),
    );
  }

  /** Closes the election once its deadline has passed in log time, which may be a little behind this server's. */
  async closeWhenDue({
    actor,
    input: { election, deadlineMs },
    signal,
    emit,
  }: EffectContext<{ election: string; deadlineMs: number }>): Promise<void> {
    const { clock } = this.#place.workplace;
    await awaitDeadline(clock)({ actor, input: { deadlineMs: deadlineMs + MARGIN_MS }, signal, emit });
    while (this.#electionOf(election).status === 'open') {
      await this.#place.say({ kind: 'election.close', election });
      await clock.sleep(AGAIN_MS, signal);
    }
  }

  flushBox(context: Context): Promise<void> {
    return this.#withBox(context, (box) => box.flush(context.signal));
  }

  sealBox(context: Context) {
    return this.#withBox(context, (box) => box.seal(context.signal));
  }

  tallyBox(context: Context) {
    return this.#withBox(context, (box) => box.agreedFragment());
  }

  async destroyKeys(election: string): Promise<void> {
    await this.#place.store.forgetSecrets(election);
  }

  /** What this server knows of every election, for its console. */
  stats(): BoxStats[] {
    return this.#view.elections().map(({ id }) => this.#boxOf(id).stats());
  }

  /** This server's fragment of an election: alone it says nothing. */
  async fragment(election: string): Promise<string> {
    return this.#boxOf(election).ownFragment();
  }

  /** Boxes at once what waits for another server to box it. */
  async flush(election: string): Promise<void> {
    await this.#boxOf(election).flush(this.#place.signal);
  }

  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#stopping.abort(new MpcError('election.stopping', 'this server is stopping'));
    for (const box of this.#boxes.values()) box.close();
    await this.#place.store.close();
  }

  async #answer(
    { respond, subject }: Message,
    election: string,
    { turns, sender }: Turn,
    answer: () => Promise<Uint8Array | undefined>,
  ): Promise<void> {
    if (respond === undefined) return;
    try {
      if (!isElectionId(election) || this.#view.election(election) === undefined)
        return respond(errorBytes(UNKNOWN));
      respond((await turns.take(sender, answer)) ?? errorBytes(NOT_OPEN));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const report = reportOf(error);
      this.#place.workplace.troubles.note(report, { subject });
      respond(errorBytes(report));
    }
  }

  /** A voter is who signed: nobody waits behind what others send in that voter's name. */
  #turnFor(election: string, ballots: Uint8Array, inbox: string | undefined): Turn {
    const { voters, strangers } = this.#turns;
    const voter = this.#boxes.get(election)?.signerOf(ballots);
    return voter === undefined
      ? { turns: strangers, sender: `inbox ${inbox}` }
      : { turns: voters, sender: `voter ${voter}` };
  }

  async #take(election: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const receipt = await this.#boxOf(election).take(bytes);
    return receipt && utf8.encode(canonicalJson(receipt as unknown as Json)); // its schema's type: JSON
  }

  async #envelopes(election: string, asked: Uint8Array): Promise<Uint8Array> {
    const box = this.#boxOf(election);
    const most = Math.min(mostInAnswer(box.type.sizes), Math.floor(asked.length / DIGEST_BYTES));
    const digests = Array.from({ length: most }, (_, at) =>
      asked.slice(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES),
    );
    return Buffer.concat(await this.#place.store.envelopes(election, digests));
  }

  /**
   * Does something with a box. Where a store, a broker or the log fails, what the box had in memory is given up, and it is read anew
   * from the disk: nothing is counted twice. What the election itself is at odds with ends it.
   */
  async #withBox<Value>(
    { input: { election }, signal }: Context,
    run: (box: ElectionBox) => Promise<Value>,
  ): Promise<Value> {
    const { clock, random, troubles } = this.#place.workplace;
    for (let failures = 1; ; failures++) {
      const box = this.#boxOf(election);
      try {
        return await run(box);
      } catch (error) {
        const report = reportOf(error);
        if (signal.aborted || this.#stopping.signal.aborted || !PASSES.test(report.code)) throw error;
        troubles.note(report, { election });
        if (this.#boxes.get(election) === box) {
          this.#boxes.delete(election);
          box.close();
        }
      }
      await clock.sleep(retryDelayMs(failures, random), signal);
    }
  }

  #electionOf(id: string) {
    const election = this.#view.election(id);
    if (election === undefined) throw MpcError.from(UNKNOWN);
    return election;
  }

  #boxOf(id: string): ElectionBox {
    const known = this.#boxes.get(id);
    if (known !== undefined) return known;
    const made = new ElectionBox(this.#place, this.#electionOf(id).id);
    this.#boxes.set(id, made);
    return made;
  }
}

/** Says it until it is decided. A refusal is the log's last word: it is noted, and everyone sees the state it left. */
async function say(
  workplace: Workplace,
  body: ElectionBody,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { bus, deployment, identity, me, clock, random, troubles } = workplace;
  try {
    const { sequence } = await submitCommand(
      { bus, deployment, identity, me, clock, signal },
      body as never, // its schema's type: JSON with a kind
      newCommandId(random),
    );
    return sequence;
  } catch (error) {
    signal.throwIfAborted();
    troubles.note(reportOf(error), { kind: body.kind, election: 'election' in body ? body.election : '' });
    return undefined;
  }
}

const errorBytes = (error: ErrorReport): Uint8Array =>
  utf8.encode(canonicalJson({ error: error as unknown as Json }));

const UNKNOWN: ErrorReport = {
  code: 'election.unknown',
  message: 'this server knows no such election',
  hint: 'check its id, and that the server follows the log',
};
const NOT_OPEN: ErrorReport = {
  code: 'election.not-open',
  message: 'the election is not open for ballots',
  hint: 'ask the registrar when it is',
};
