/**
 * Owns a ballot's envelope: what a voter hands to any of the servers, and what each server can read of it.
 *
 *   voter(4) | counter(6) | signature(64) | salt(16) | public share | sealed for server-a | for server-b | for server-c
 *
 * Each part is an input share of Prio3, sealed with HPKE: `info` names the election and the server, the additional data voter,
 * counter, salt and public share. So a part that is copied to another voter, election or counter does not open. The signature is
 * the voter's over election, voter, counter and the digest of everything after it. All envelopes of an election are of one length.
 * Prio3's nonce is a digest of election, voter, counter and salt: nobody foresees it, and nobody else's ballot can have it, so that
 * no server ever answers for two ballots of one nonce, and nobody can spoil a ballot by using its nonce first.
 * Who sees what: everybody may see an envelope; a server opens its own part, which alone (or with one other) says nothing.
 */
import type { BallotSizes, BallotType, Choice } from '../ballot/election-type.ts';
import { concatBytes, sha256, utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { contextOf, openSeal, recipientOf, SEAL_BYTES, type SealingKey, seal } from '../identity/hpke.ts';
import type { Identity } from '../identity/keys.ts';
import { type BoxItem, signedStatement } from './items.ts';

const HEAD = 4 + 6 + 64;
const SALT = 16;
const NONCE = 16;

export interface Envelope extends BoxItem {
  readonly salt: Uint8Array;
  readonly publicShare: Uint8Array;
  /** For server-a, server-b, server-c. */
  readonly sealed: readonly Uint8Array[];
}

/** What Prio3 binds every share to: a ballot of one election is none of another. */
export const ballotContext = (digest: string): Uint8Array => utf8.encode(`mpc/1 election ${digest}`);

/** What Prio3 calls the nonce of this ballot. */
export function ballotNonce(
  digest: string,
  { voter, counter, salt }: Pick<Envelope, 'voter' | 'counter' | 'salt'>,
): Uint8Array {
  const place = Buffer.alloc(10);
  place.writeUInt32BE(voter, 0);
  place.writeUIntBE(counter, 4, 6);
  return sha256(utf8.encode(`mpc/1 ballot nonce\n${digest}\n`), place, salt).subarray(0, NONCE);
}

/**
 * The envelope that an item of the box speaks of. Whoever sends the same contents under another name has another ballot: what opens
 * it, and what verifies it, is the name in the box.
 */
export const envelopeFor = (item: BoxItem, envelope: Envelope): Envelope => ({ ...envelope, ...item });

const infoFor = (digest: string, server: number): Uint8Array =>
  utf8.encode(`mpc/1 ballot share\n${digest}\n${server}`);

export const envelopeBytes = ({ publicShare, inputShares }: BallotSizes): number =>
  HEAD + SALT + publicShare + inputShares.reduce((sum, bytes) => sum + bytes + SEAL_BYTES, 0);

function additionalData(envelope: Pick<Envelope, 'voter' | 'counter' | 'salt' | 'publicShare'>): Uint8Array {
  const place = Buffer.alloc(10);
  place.writeUInt32BE(envelope.voter, 0);
  place.writeUIntBE(envelope.counter, 4, 6);
  return concatBytes(place, envelope.salt, sha256(envelope.publicShare));
}

function contentsOf({
  salt,
  publicShare,
  sealed,
}: Pick<Envelope, 'salt' | 'publicShare' | 'sealed'>): Uint8Array {
  return sha256(utf8.encode('mpc/1 ballot contents\n'), salt, publicShare, ...sealed);
}

export interface Casting {
  /** The election's id and its descriptor's digest. */
  readonly election: string;
  readonly digest: string;
  readonly type: BallotType;
  /** Sealing keys of the three servers, 32 bytes each. */
  readonly sealingKeys: readonly Uint8Array[];
}

/** Makes envelopes of one election; what all of them share is computed once. Throws `election.sealing-key`. */
export class BallotCaster {
  readonly #casting: Casting;
  readonly #context: Uint8Array;
  readonly #recipients: readonly NonNullable<ReturnType<typeof recipientOf>>[];

  constructor(casting: Casting) {
    this.#casting = casting;
    this.#context = ballotContext(casting.digest);
    this.#recipients = casting.sealingKeys.map((key, server) => {
      const recipient = recipientOf(key, infoFor(casting.digest, server));
      if (recipient === undefined)
        throw new MpcError('election.sealing-key', 'a server said a sealing key that is none', {
          hint: 'the election cannot be held: the registrar cancels it',
        });
      return recipient;
    });
  }

  /** Throws `ballot.bad-choice`. The counter must be above that of the voter's earlier ballots. */
  cast(voter: number, identity: Identity, counter: number, choice: Choice, random: RandomSource): Uint8Array {
    const { digest, type } = this.#casting;
    const salt = random(SALT);
    const nonce = ballotNonce(digest, { voter, counter, salt });
    const { publicShare, inputShares } = type.cast(choice, this.#context, nonce, random);
    return this.seal({ voter, identity, counter, salt, publicShare, inputShares, random });
  }

  /** Seals shares whatever they are: what a voter's own program makes of them is the voter's business, and the servers' to check. */
  seal(parts: {
    readonly voter: number;
    readonly identity: Identity;
    readonly counter: number;
    readonly salt: Uint8Array;
    readonly publicShare: Uint8Array;
    readonly inputShares: readonly Uint8Array[];
    readonly random: RandomSource;
  }): Uint8Array {
    const { voter, identity, counter, salt, publicShare, inputShares, random } = parts;
    const { election } = this.#casting;
    const additional = additionalData({ voter, counter, salt, publicShare });
    const sealed = this.#recipients.map((recipient, server) =>
      seal(recipient, additional, inputShares[server] ?? new Uint8Array(0), random),
    );
    const contents = contentsOf({ salt, publicShare, sealed });
    const signature = identity.sign(signedStatement(election, { voter, counter, contents }));
    return encodeEnvelope({ voter, counter, contents, signature, salt, publicShare, sealed });
  }
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { voter, counter, signature, salt, publicShare, sealed } = envelope;
  const place = Buffer.alloc(10);
  place.writeUInt32BE(voter, 0);
  place.writeUIntBE(counter, 4, 6);
  return concatBytes(place, signature, salt, publicShare, ...sealed);
}

/** Throws `election.envelope-length`. The parts are copies. */
export function readEnvelope(sizes: BallotSizes, bytes: Uint8Array): Envelope {
  const wanted = envelopeBytes(sizes);
  if (bytes.length !== wanted)
    throw new MpcError('election.envelope-length', `an envelope of ${bytes.length} bytes, not ${wanted}`, {
      hint: 'voter and servers must use the same version of mpc, and the same election',
      exitCode: EXIT.badData,
    });
  const copy = Buffer.from(bytes);
  let at = HEAD;
  const next = (length: number): Uint8Array => {
    at += length;
    return new Uint8Array(copy.subarray(at - length, at));
  };
  const salt = next(SALT);
  const publicShare = next(sizes.publicShare);
  const sealed = sizes.inputShares.map((length) => next(length + SEAL_BYTES));
  return {
    voter: copy.readUInt32BE(0),
    counter: copy.readUIntBE(4, 6),
    signature: new Uint8Array(copy.subarray(10, HEAD)),
    salt,
    publicShare,
    sealed,
    contents: contentsOf({ salt, publicShare, sealed }),
  };
}

/** One server's reading of envelopes. */
export class EnvelopeOpener {
  readonly #server: number;
  readonly #key: SealingKey;
  readonly #context: Uint8Array;
  /** What was opened when a ballot came in, until it is verified: by the sealed bytes, for the voter and counter they were opened for. */
  readonly #opened = new WeakMap<Uint8Array, { readonly for: string; readonly share: Uint8Array }>();

  constructor(digest: string, server: number, key: SealingKey) {
    this.#server = server;
    this.#key = key;
    this.#context = contextOf(infoFor(digest, server));
  }

  /** This server's input share; undefined when the part was not sealed for this server, voter, election and counter. */
  open(envelope: Envelope): Uint8Array | undefined {
    const sealed = envelope.sealed[this.#server];
    if (sealed === undefined) return undefined;
    const wanted = `${envelope.voter}.${envelope.counter}`;
    const known = this.#opened.get(sealed);
    if (known?.for === wanted) {
      this.#opened.delete(sealed);
      return known.share;
    }
    const share = openSeal(this.#key, this.#context, additionalData(envelope), sealed);
    if (share !== undefined) this.#opened.set(sealed, { for: wanted, share });
    return share;
  }
}
