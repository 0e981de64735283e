/**
 * Owns taking ballots from voters at one server: each is checked, on the disk, and only then has a signed receipt.
 * Must never take a ballot once the election is closing here, nor give a receipt for what a crash could lose.
 */

import type { BallotSizes } from '../ballot/election-type.ts';
import { MpcError, reportOf } from '../base/errors.ts';
import { BALLOTS_PER_VOTER } from '../election/descriptor.ts';
import { type Envelope, type EnvelopeOpener, envelopeBytes, readEnvelope } from '../election/envelope.ts';
import { trackerOf } from '../election/items.ts';
import { type Receipt, signReceipt } from '../election/receipts.ts';
import type { ElectionsView } from '../election/rows.ts';
import type { Envelopes } from './envelopes.ts';
import type { Gathering } from './gathering.ts';
import { Bell, type BoxPlace } from './place.ts';

export interface IntakeParts {
  readonly place: BoxPlace;
  readonly view: ElectionsView;
  readonly election: string;
  readonly sizes: BallotSizes;
  readonly opener: EnvelopeOpener;
  readonly envelopes: Envelopes;
  readonly gathering: Gathering;
  /** The voters' keys by their numbers. */
  readonly voters: readonly Uint8Array[];
}

/** Ballots of one message: what else comes waits no longer than they take. */
export const MOST_IN_MESSAGE = 256;

type Refused = Receipt['refused'][number];

export class Intake {
  readonly #parts: IntakeParts;
  readonly #idle = new Bell();
  #busy = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Answers envelopes that come one after the other. */
  async take(bytes: Uint8Array): Promise<Receipt> {
    const { place, election, sizes } = this.#parts;
    const { ballots } = place.workplace.meters;
    const length = envelopeBytes(sizes);
    const held: string[] = [];
    const refused: Refused[] = [];
    this.#busy++;
    try {
      if (bytes.length === 0 || bytes.length % length !== 0)
        throw new MpcError(
          'election.envelope-length',
          `${bytes.length} bytes are no envelopes of ${length}`,
          {
            hint: 'voter and servers must use the same version of mpc, and the same election',
          },
        );
      if (bytes.length > MOST_IN_MESSAGE * length)
        throw refusal(
          'too-many-at-once',
          `${bytes.length / length} ballots in one message`,
          `send at most ${MOST_IN_MESSAGE} at a time`,
        );
      const parts = Array.from({ length: bytes.length / length }, (_, at) =>
        bytes.subarray(at * length, (at + 1) * length),
      );
      const outcomes = await Promise.all(parts.map((part) => this.#takeOne(part)));
      for (const outcome of outcomes) {
        if (typeof outcome === 'string') held.push(outcome);
        else refused.push(outcome);
      }
    } catch (error) {
      refused.push({ tracker: '', error: plainReport(error) });
    } finally {
      this.#busy--;
      if (this.#busy === 0) this.#idle.ring();
    }
    for (const { error } of refused)
      ballots.refused.set(error.code, (ballots.refused.get(error.code) ?? 0) + 1);
    return signReceipt(place.workplace.identity, { election, server: place.me, held, refused });
  }

  /** The voter who signed the first of these ballots; undefined when nobody in the list did. */
  signerOf(bytes: Uint8Array): number | undefined {
    const { place, election, sizes, voters } = this.#parts;
    const length = envelopeBytes(sizes);
    if (bytes.length < length) return undefined;
    const envelope = readEnvelope(sizes, bytes.subarray(0, length));
    const key = voters[envelope.voter];
    return key !== undefined && place.memo.isGood(election, key, envelope) ? envelope.voter : undefined;
  }

  /** Resolves when no ballot is on its way to the disk. */
  async settled(signal: AbortSignal): Promise<void> {
    await this.#idle.until(() => this.#busy === 0, signal);
  }

  /** The tracker, or why the ballot is refused. */
  async #takeOne(bytes: Uint8Array): Promise<string | Refused> {
    const { place, election, sizes, envelopes, gathering } = this.#parts;
    const envelope = readEnvelope(sizes, bytes);
    const tracker = trackerOf(election, envelope);
    try {
      const isThere = await this.#check(envelope);
      if (!isThere) {
        await envelopes.keep(envelope, true);
        gathering.accept(envelope);
        place.workplace.meters.ballots.taken++;
      }
      return tracker;
    } catch (error) {
      return { tracker, error: plainReport(error) };
    }
  }

  /** Throws what is wrong with it; true when it is here already. */
  async #check(envelope: Envelope): Promise<boolean> {
    const { place, view, election, opener, envelopes, gathering, voters } = this.#parts;
    const key = voters[envelope.voter];
    if (key === undefined)
      throw refusal(
        'not-a-voter',
        `there is no voter ${envelope.voter}`,
        'the registrar has the list of voters',
      );
    if (!place.memo.isGood(election, key, envelope))
      throw refusal(
        'not-its-voter',
        `voter ${envelope.voter} did not sign this ballot`,
        'vote with your own credential',
      );
    if (gathering.knows(envelope.voter, envelope.counter)) {
      if (await envelopes.has(envelope.contents)) return true;
      throw refusal(
        'counter-used',
        'this voter has cast another ballot under this number already',
        'vote again with a higher number',
      );
    }
    if (view.election(election)?.status !== 'open')
      throw refusal(
        'closed',
        'the box is closed',
        'ballots that have a receipt count; no other can be added',
      );
    if (gathering.castBy(envelope.voter) >= BALLOTS_PER_VOTER)
      throw refusal(
        'too-many-ballots',
        `voter ${envelope.voter} has cast ${BALLOTS_PER_VOTER} ballots, as many as a voter may`,
        'the one with the highest number counts',
      );
    if (opener.open(envelope) === undefined)
      throw refusal(
        'sealed-for-another',
        "this server's part of the ballot was sealed for another voter, election or number",
        'cast a ballot of your own: a copied one is none',
      );
    return false;
  }
}

function plainReport(error: unknown): Refused['error'] {
  const { code, message, hint } = reportOf(error);
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

const refusal = (code: string, message: string, hint: string): MpcError =>
  new MpcError(`election.${code}`, message, { hint });
