/**
 * Owns the handshake's algebra: what is signed, what is hashed, and how keys come of it. No state, no time, no bus.
 * Must never sign anything that could be read as another statement, nor let an ephemeral private key out.
 *
 * Signed Diffie-Hellman as in ISO/IEC 9798-3, proved to be a secure key exchange by Canetti and Krawczyk (Eurocrypt 2001,
 * "SIG-DH"; the variant of SIGMA, Krawczyk, Crypto 2003, that signs both identities, so that no MAC over them is needed).
 * I is the initiator, R the responder, x and y fresh and used once, X = xG and Y = yG on Curve25519 (RFC 7748):
 *
 *   C   = every field below, each with its length before it: protocol, deployment, collaboration, purpose, descriptor,
 *         attempt, I's address, R's address, I's identity key, R's identity key
 *   1.  I -> R   hello     X, sign_I(0xff "hello" C X)              nobody else can make R work
 *   2.  R -> I   welcome   X, Y, sign_R(0xff "welcome" C X Y)       R is there, now, and means I: X is fresh
 *   3.  I -> R   sealed    proof = sign_I(0xff "proof" C X Y)       I is there, now, and means R: Y is fresh
 *
 *   h   = SHA-256("transcript" C X Y)
 *   k_I, k_R, id = HKDF-SHA256(secret xY = yX, salt h, info "mpc channel 1 keys")    32, 32 and 16 bytes (RFC 5869)
 *
 * Message 3 travels inside the first seals under k_I, together with data: no round trip is spent on it, and R believes
 * nothing under this id before it has seen it. I seals with k_I, R with k_R, so nothing can be reflected; every seal has
 * h as additional data. x and y are dropped as soon as the keys exist: who learns both identity seeds later opens nothing.
 *
 * The first signed byte is 0xff, which no UTF-8 text holds: these signatures are never those of a command or of a
 * broker's login nonce, which the same identities sign as text.
 * Who is I follows from the two addresses alone, so both sides may start and restart at any time.
 */
import { concatBytes, equalBytes, sha256, utf8 } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Address } from '../bus/subjects.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import { decodePublicKey } from '../identity/nkey.ts';
import { verify } from '../identity/signing.ts';
import type { ChannelTopic } from './channel.ts';
import { type Hello, helloFrame, SESSION_BYTES, TOPIC_BYTES, type Welcome, welcomeFrame } from './frames.ts';
import { type EphemeralKey, ephemeralKey, hkdfSha256, KEY_BYTES, sharedSecret } from './primitives.ts';
import type { Refusal } from './refusals.ts';

const PROTOCOL = 'mpc channel 1';
const KEYS_INFO = utf8.encode(`${PROTOCOL} keys`);
const NOT_TEXT = new Uint8Array([0xff]);

export interface Ends {
  readonly identity: Identity;
  readonly me: Address;
  readonly peer: Address;
  readonly peerKey: PublicKey;
  readonly topic: ChannelTopic;
}

/** What the two ends agree on before they talk. */
export interface Conversation {
  readonly initiates: boolean;
  readonly identity: Identity;
  readonly peerKey: PublicKey;
  /** C above. */
  readonly context: Uint8Array;
  /** Tells frames of another topic apart before anything is verified. Public. */
  readonly topic: Uint8Array;
}

export interface SessionKeys {
  readonly id: Uint8Array;
  /** h above. */
  readonly transcript: Uint8Array;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
}

/** Throws `identity.public-key` for a peer's key that is none. */
export function conversationOf({ identity, me, peer, peerKey, topic }: Ends): Conversation {
  assert(me !== peer, 'a channel has two ends');
  const initiates = me < peer;
  const keys = [decodePublicKey(identity.publicKey), decodePublicKey(peerKey)];
  const places = [utf8.encode(me), utf8.encode(peer)];
  if (!initiates) for (const pair of [keys, places]) pair.reverse();
  const { deployment, collaboration, purpose, descriptor, attempt } = topic;
  const subject = fields(
    [PROTOCOL, deployment, collaboration, purpose, descriptor, String(attempt)].map(utf8.encode),
  );
  return {
    initiates,
    identity,
    peerKey,
    context: concatBytes(subject, fields(places), fields(keys)),
    topic: sha256(utf8.encode('topic'), subject).slice(0, TOPIC_BYTES),
  };
}

export function freshKey(random: RandomSource): EphemeralKey {
  const secret = random(KEY_BYTES);
  assert(secret.length === KEY_BYTES, 'the random source gives as many bytes as it is asked for');
  return ephemeralKey(secret);
}

/** Message 1. */
export function helloOf({ topic, identity, context }: Conversation, x: EphemeralKey): Uint8Array {
  return helloFrame(topic, x.publicKey, identity.sign(statement('hello', context, x.publicKey)));
}

export interface Answer {
  readonly welcome: Uint8Array;
  readonly keys: SessionKeys;
  /** What the initiator's proof must sign. */
  readonly toProve: Uint8Array;
}

/** Message 2, from message 1. */
export function answerTo(conversation: Conversation, hello: Hello, random: RandomSource): Answer | Refusal {
  const { identity, peerKey, context, topic } = conversation;
  const X = hello.ephemeral;
  if (!verify(peerKey, statement('hello', context, X), hello.signature)) return 'channel.bad-signature';
  const y = freshKey(random);
  const secret = sharedSecret(y.privateKey, X);
  if (secret === undefined) return 'channel.weak-key';
  const Y = y.publicKey;
  return {
    welcome: welcomeFrame(topic, X, Y, identity.sign(statement('welcome', context, X, Y))),
    keys: keysOf(conversation, secret, X, Y),
    toProve: statement('proof', context, X, Y),
  };
}

/** Message 3 and the keys, from message 2, which answers the hello that was made with `x`. */
export function accept(
  conversation: Conversation,
  x: EphemeralKey,
  welcome: Welcome,
): { readonly keys: SessionKeys; readonly proof: Uint8Array } | Refusal {
  const { identity, peerKey, context } = conversation;
  const X = x.publicKey;
  const Y = welcome.ephemeral;
  if (!equalBytes(X, welcome.answered)) return 'channel.stale-welcome';
  if (!verify(peerKey, statement('welcome', context, X, Y), welcome.signature))
    return 'channel.bad-signature';
  const secret = sharedSecret(x.privateKey, Y);
  if (secret === undefined) return 'channel.weak-key';
  return {
    keys: keysOf(conversation, secret, X, Y),
    proof: identity.sign(statement('proof', context, X, Y)),
  };
}

/** Erases `secret`. */
function keysOf(
  { initiates, context }: Conversation,
  secret: Uint8Array,
  X: Uint8Array,
  Y: Uint8Array,
): SessionKeys {
  const transcript = sha256(utf8.encode('transcript'), context, X, Y);
  const bytes = hkdfSha256(secret, transcript, KEYS_INFO, 2 * KEY_BYTES + SESSION_BYTES);
  secret.fill(0);
  const keys = [bytes.slice(0, KEY_BYTES), bytes.slice(KEY_BYTES, 2 * KEY_BYTES)] as const;
  const id = bytes.slice(2 * KEY_BYTES);
  bytes.fill(0);
  return { id, transcript, sendKey: keys[initiates ? 0 : 1], receiveKey: keys[initiates ? 1 : 0] };
}

function statement(
  kind: 'hello' | 'welcome' | 'proof',
  context: Uint8Array,
  ...keys: Uint8Array[]
): Uint8Array {
  return concatBytes(NOT_TEXT, fields([utf8.encode(kind)]), context, ...keys);
}

function fields(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...parts.flatMap((part) => {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, part.length);
      return [length, part];
    }),
  );
}
