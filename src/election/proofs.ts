/**
 * Owns one server's part in verifying an election's ballots: what it says of a batch to the other two, and what follows from what all
 * three said. All servers come to the same verdicts, because each follows from the envelopes and the three words alone.
 * Must never give out more of a share than Prio3's verifier share.
 *
 * A word is, for each ballot of the batch: 0 and the verifier share, or the code of why this server has none.
 * Prio3 lets each server compare the joint randomness with what it saw; a voter who gives the servers different hints would make some
 * accept and others not. So the rule here is one that all can see: the hints in the envelope are the parts in the three words.
 */
import type { BallotType, VerifyState } from '../ballot/election-type.ts';
import { equalBytes } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { Valid } from './counting.ts';
import { ELECTION_SERVERS } from './descriptor.ts';
import { ballotContext, ballotNonce, type Envelope, type EnvelopeOpener } from './envelope.ts';

/** Bytes of one server's part of the joint randomness (VDAF draft 20, section 7.2.1). */
const PART_BYTES = 32;

/** Codes of words; the place in this list is the byte. */
const REASONS = ['', 'sealed-for-another', 'malformed-share'] as const;

export interface VerifierParts {
  /** 0, 1 or 2. */
  readonly server: number;
  /** The descriptor's. */
  readonly digest: string;
  readonly type: BallotType;
  readonly verifyKey: Uint8Array;
  readonly opener: EnvelopeOpener;
}

/** Of each ballot of a batch: what finishing it needs, where this server has a share. */
export interface PreparedBatch {
  /** For the other two servers. */
  readonly word: Uint8Array;
  readonly states: readonly (VerifyState | undefined)[];
}

/** What became of a batch. */
export interface BatchOutcome {
  readonly valid: readonly Valid[];
  readonly rejected: readonly (readonly [number, string])[];
}

export class BallotVerifier {
  readonly #parts: VerifierParts;
  readonly #context: Uint8Array;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
    this.#context = ballotContext(parts.digest);
  }

  /** Says the same of the same ballots every time. */
  prepare(envelopes: readonly Envelope[]): PreparedBatch {
    const parts = envelopes.map((envelope) => this.#prepareOne(envelope));
    return {
      word: Buffer.concat(parts.map(({ bytes }) => bytes)),
      states: parts.map(({ state }) => state),
    };
  }

  /** Throws `election.word`, naming the server whose word is none. `words`: of server-a, server-b, server-c. */
  finish(
    from: number,
    envelopes: readonly Envelope[],
    { states }: PreparedBatch,
    words: readonly Uint8Array[],
  ): BatchOutcome {
    const said = words.map((word, server) => this.#sharesIn(word, envelopes.length, server));
    const valid: Valid[] = [];
    const rejected: [number, string][] = [];
    envelopes.forEach((envelope, at) => {
      const position = from + at;
      const outcome = this.#decide(
        envelope,
        states[at],
        said.map((shares) => shares[at] ?? 0),
      );
      if (typeof outcome === 'string') rejected.push([position, outcome]);
      else valid.push({ position, outShare: outcome });
    });
    return { valid, rejected };
  }

  /** This server's share of what a valid ballot adds to the tally. */
  outShareOf(envelope: Envelope): Uint8Array {
    const prepared = this.#prepareShare(envelope);
    if (typeof prepared === 'number') throw new Error('assertion failed: a ballot that counts has a share');
    return prepared.state.outShare;
  }

  #prepareOne(envelope: Envelope): {
    readonly bytes: Uint8Array;
    readonly state: VerifyState | undefined;
  } {
    const prepared = this.#prepareShare(envelope);
    if (typeof prepared === 'number') return { bytes: new Uint8Array([prepared]), state: undefined };
    return { bytes: Buffer.concat([ZERO, prepared.verifierShare]), state: prepared.state };
  }

  #prepareShare(
    envelope: Envelope,
  ): number | { readonly state: VerifyState; readonly verifierShare: Uint8Array } {
    const { server, digest, type, verifyKey, opener } = this.#parts;
    const inputShare = opener.open(envelope);
    if (inputShare === undefined) return REASONS.indexOf('sealed-for-another');
    const { publicShare } = envelope;
    const nonce = ballotNonce(digest, envelope);
    const [prepared] = type.prepare(server, verifyKey, this.#context, [{ nonce, publicShare, inputShare }]);
    return prepared !== undefined && 'value' in prepared
      ? prepared.value
      : REASONS.indexOf('malformed-share');
  }

  /** The output share, or why the ballot is rejected. */
  #decide(
    envelope: Envelope,
    state: VerifyState | undefined,
    said: readonly (Uint8Array | number)[],
  ): Uint8Array | string {
    const shares: Uint8Array[] = [];
    for (const [server, share] of said.entries()) {
      if (typeof share !== 'number') shares.push(share);
      else return `${REASONS[share]}:${ELECTION_SERVERS[server]}`;
    }
    if (state === undefined) return 'no-share';
    const { publicShare } = envelope;
    const hintsFit = shares.every((share, server) => {
      const hint = publicShare.subarray(server * PART_BYTES, (server + 1) * PART_BYTES);
      return hint.length === 0 || equalBytes(hint, share.subarray(-PART_BYTES));
    });
    if (!hintsFit) return 'joint-randomness';
    const { type } = this.#parts;
    const [combined] = type.combine(this.#context, [shares]);
    if (combined === undefined || 'refusal' in combined) return codeOf(combined?.refusal.code);
    const finished = type.finish(state, combined.value);
    return 'value' in finished ? finished.value : codeOf(finished.refusal.code);
  }

  #sharesIn(word: Uint8Array, ballots: number, server: number): (Uint8Array | number)[] {
    const { verifierShare } = this.#parts.type.sizes;
    const found: (Uint8Array | number)[] = [];
    let at = 0;
    while (found.length < ballots && at < word.length) {
      const code = word[at] ?? 0;
      at++;
      if (code === 0) {
        found.push(word.subarray(at, at + verifierShare));
        at += verifierShare;
      } else if (code < REASONS.length) found.push(code);
      else break;
    }
    if (found.length !== ballots || at !== word.length)
      throw new MpcError(
        'election.word',
        `${ELECTION_SERVERS[server]} said something else than verifier shares`,
        {
          hint: 'all servers must run the same version of mpc',
          exitCode: EXIT.protocol,
        },
      );
    return found;
  }
}

const ZERO = new Uint8Array([0]);

const codeOf = (code: string | undefined): string => (code ?? 'invalid').replace(/^ballot\./, '');
