/**
 * Owns the face of the ballots' cryptography: one election's ballots are cast by voters, verified by three servers, and tallied.
 * Must never do I/O, and must never hold more than one server's secrets: each server makes a BallotType of its own.
 *
 * The steps (Prio3 of VDAF draft 20, with three aggregators, byte for byte):
 * 1. A voter casts: one public share for all servers, and one input share for each, sealed for it alone.
 * 2. Each server *prepares* the ballot: it keeps a state and gives its verifier share to whoever combines (each server alike, or one).
 * 3. All three verifier shares are *combined*: the ballot is refused, or there is a message for all servers.
 * 4. Each server *finishes* with the message and gets its share of the ballot's output, which it adds to its tally share.
 * 5. The three tally shares together are the result. Nothing less is opened.
 *
 * Who sees what. The voter sees its own choice. One server, or two that pool all they have, see values that are uniform whatever
 * the choice was, and that the ballot is valid; the third server's share is what they lack. (A server that does not follow the steps
 * but does not collude learns no more; three that collude learn everything.) Everybody who gets the tally shares sees the result: with
 * few ballots a result tells much of each. That invalid ballots do not count holds while all three servers follow the steps; one
 * that does not can get valid ballots refused or bend the tally, which is why the box around this is audited.
 *
 * What the caller must see to:
 * - The *verification key* (32 random bytes) is one and the same at the three servers, fixed before any ballot is cast, and never known
 *   to a voter: who knows it can prove what is not so. The servers agree on it among themselves, and commit to it before opening.
 * - The *context* names the election (and what else all must agree on): a ballot of one election is refused in another.
 * - The *nonce* (16 bytes, public) names the ballot. A server prepares a nonce once in an election: answering for two ballots of one
 *   nonce would test both at the same point. Only kinds with joint randomness (all but yesNo) bind the ballot to it, so what the
 *   voter seals must carry the context, the nonce and the voter's name as associated data: then a copy is refused.
 * - The *randomness* is fresh for every ballot. States, input shares and output shares are secrets of their server.
 */
import { type ErrorReport, EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { aggregate, aggregateRows, emptyAggregate, unshard } from './aggregate.ts';
import {
  type BatchStates,
  type CombinedBatch,
  combineBatch,
  finishBatch,
  type PreparedBatch,
  prepareBatch,
  type Refusals,
} from './batch.ts';
import type { BallotKernels } from './kernels/face.ts';
import { ballotKernels } from './kernels/kernels.ts';
import { type BallotKind, type Choice, checkChoice, circuitOf, mostOf } from './kinds.ts';
import { type Sharded, shard } from './shard.ts';
import { type Report, type VerifyState, verifierSharesToMessage, verifyInit, verifyNext } from './verify.ts';
import { Workspace } from './workspace.ts';

export type { BatchStates, CombinedBatch, PreparedBatch, Refusals } from './batch.ts';
export type { BallotKind, Choice } from './kinds.ts';
export type { Sharded } from './shard.ts';
export type { Report, VerifyState } from './verify.ts';

/** Any two of three servers learn nothing. */
export const SERVERS = 3;

/** What became of one ballot of a batch: its value, or why it is refused (`ballot.malformed`, `ballot.invalid`, …). */
export type Outcome<Value> = { readonly value: Value } | { readonly refusal: ErrorReport };

export interface Prepared {
  /** Secret: this server's alone, until the ballot is finished. */
  readonly state: VerifyState;
  /** For whoever combines. */
  readonly verifierShare: Uint8Array;
}

export interface BallotSizes {
  readonly publicShare: number;
  /** The input shares of the three servers. */
  readonly inputShares: readonly [number, number, number];
  readonly verifierShare: number;
  readonly message: number;
  readonly tallyShare: number;
}

export class BallotType {
  readonly kind: BallotKind;
  /** Bytes of every message of this kind. */
  readonly sizes: BallotSizes;
  readonly #space: Workspace<Choice, readonly number[]>;

  /** Throws `ballot.bad-kind`. Costs some milliseconds and memory: made once for an election. */
  constructor(kind: BallotKind, kernels: (bytes: number) => BallotKernels = ballotKernels) {
    this.kind = kind;
    this.#space = new Workspace(circuitOf(kind), { shares: SERVERS, kernels });
    const { publicShare, leaderShare, helperShare, verifierShare, verifierMessage, outShare } =
      this.#space.sizes;
    this.sizes = {
      publicShare,
      inputShares: [leaderShare, helperShare, helperShare],
      verifierShare,
      message: verifierMessage,
      tallyShare: outShare,
    };
  }

  /** A voter's ballot. Throws `ballot.bad-choice`. */
  cast(choice: Choice, context: Uint8Array, nonce: Uint8Array, random: RandomSource): Sharded {
    checkChoice(this.kind, choice);
    return shard(this.#space, context, choice, nonce, random(this.#space.sizes.rand));
  }

  /** Step 2, at server 0, 1 or 2; each ballot for itself. Many at a time cost less as a batch: see below. */
  prepare(
    server: number,
    verifyKey: Uint8Array,
    context: Uint8Array,
    reports: readonly Report[],
  ): Outcome<Prepared>[] {
    return reports.map((report) =>
      outcome(() => verifyInit(this.#space, verifyKey, context, server, report)),
    );
  }

  /** Step 3: of each ballot the verifier shares of servers 0, 1 and 2. The value is the message for all servers. */
  combine(context: Uint8Array, verifierShares: readonly (readonly Uint8Array[])[]): Outcome<Uint8Array>[] {
    return verifierShares.map((shares) =>
      outcome(() => verifierSharesToMessage(this.#space, context, shares)),
    );
  }

  /** Step 4, of one ballot: the server's share of its output. Refused when the servers did not verify the same ballot. */
  finish(state: VerifyState, message: Uint8Array): Outcome<Uint8Array> {
    return outcome(() => verifyNext(this.#space, state, message));
  }

  /** The tally share of no ballots. */
  emptyTally(): Uint8Array {
    return emptyAggregate(this.#space);
  }

  /** A tally share with these output shares added. Any order, and any grouping into tallies that are added again, gives the same. */
  addToTally(tally: Uint8Array, outShares: readonly Uint8Array[]): Uint8Array {
    return aggregate(this.#space, tally, outShares);
  }

  /** Steps 2 to 4 of many ballots in runs of bytes, a ballot's row after another's: what servers send each other in one message. */
  prepareBatch(
    server: number,
    verifyKey: Uint8Array,
    context: Uint8Array,
    reports: readonly Report[],
  ): PreparedBatch {
    return prepareBatch(this.#space, verifyKey, context, server, reports);
  }

  /** Of each of servers 0, 1 and 2 the verifier shares of the same ballots. Throws `ballot.malformed` when a run's length is wrong. */
  combineBatch(context: Uint8Array, ballots: number, verifierShares: readonly Uint8Array[]): CombinedBatch {
    return combineBatch(this.#space, context, ballots, verifierShares);
  }

  /** All refusals by row; the other rows of the states may be tallied. Throws `ballot.malformed` when the messages' length is wrong. */
  finishBatch(states: BatchStates, combined: CombinedBatch): Refusals {
    return finishBatch(this.#space, states, combined);
  }

  /** A tally share with these rows of a batch added: of ballots that are not refused. */
  addRowsToTally(tally: Uint8Array, states: BatchStates, rows: readonly number[]): Uint8Array {
    return aggregateRows(this.#space, tally, states.outShares, rows);
  }

  /**
   * The result from the three servers' tally shares of so many ballots: yesNo has one number, the others one for each option. Throws
   * `ballot.malformed`, and `ballot.tallies-differ` when the shares cannot be of the same that many ballots: those of different
   * ballots add up to numbers without meaning.
   */
  combineTallies(tallyShares: readonly Uint8Array[], ballots?: number): readonly number[] {
    const result = unshard(this.#space, tallyShares);
    const most = ballots === undefined ? Number.MAX_SAFE_INTEGER : ballots * mostOf(this.kind);
    const total = result.reduce((sum, number) => sum + number, 0);
    const whole = ballots === undefined || this.kind.kind !== 'oneOf' || total === ballots;
    if (!whole || result.some((number) => number > most)) throw talliesDiffer();
    return result;
  }
}

function talliesDiffer(): MpcError {
  return new MpcError(
    'ballot.tallies-differ',
    'the tally shares of the servers are not of the same ballots',
    {
      hint: 'Ask each server for its tally share of the ballots that all of them agreed on.',
      exitCode: EXIT.protocol,
    },
  );
}

function outcome<Value>(run: () => Value): Outcome<Value> {
  try {
    return { value: run() };
  } catch (error) {
    if (!(error instanceof MpcError)) throw error;
    return { refusal: error.report() };
  }
}
