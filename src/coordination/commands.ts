/**
 * Owns the commands of the replicated log: who says what, and the signature that proves it. What a body may say is its
 * chapter's.
 * Must never hold a secret. A command's id makes every retry harmless.
 */
import { z } from 'zod';
import { hex, utf8 } from '../base/bytes.ts';
import { canonicalJson, digestOf, type Json } from '../base/canonical.ts';
import { MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { RandomSource } from '../base/random.ts';
import type { Address } from '../bus/subjects.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import type { Body } from './chapter.ts';
import { faultsOf } from './faults.ts';
import { shortenedReason } from './report.ts';
import { isSigned, signText } from './signatures.ts';

/** 32 hexadecimal digits, unpredictable or derived from what caused it; the same for every retry. */
const id = z.string().regex(/^[0-9a-f]{32}$/);
/** Of any kind: the chapter that knows it looks closer. */
const body = z.looseObject({ kind: z.string().min(1).max(64) });
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);

const commandSchema = z.strictObject({
  id,
  /** An address: `server-a`, `dealer`, `party-acme`, `coordinator`. */
  author: z.string().regex(/^(server-[abc]|dealer|coordinator|party-[a-z0-9_-]{1,64})$/),
  body,
  /** Ed25519 by the author's enrolled key over `textOf` {deployment, id, author, body}, base64url. */
  signature,
});

/** A command with its author's own signature. */
export interface Command extends Spoken {
  readonly signature: string;
}

/** What was said. Equal for every retry, whoever carries it. */
export interface Spoken {
  readonly id: string;
  readonly author: string;
  readonly body: Body;
}

/** A command under a coordinator's signature: an account's, with the SHA-256 of its session's token, or the coordinator's own. */
export interface Vouched extends Spoken {
  readonly author: 'coordinator' | `party-${string}`;
  /** 64 hexadecimal digits; absent in the coordinator's own commands. */
  readonly session?: string;
}

/** An account's name may hold a dot. */
const vouchedSchema = z.union([
  z.strictObject({
    id,
    author: z.string().regex(/^party-[a-z0-9._-]{1,64}$/),
    session: z.string().regex(/^[0-9a-f]{64}$/),
    body,
  }),
  z.strictObject({ id, author: z.literal('coordinator'), body }),
]);

/** Half a broker message: the longest packed program with 256 parties, their keys and their longest names fits. */
export const COMMAND_BYTES = LIMITS.messageBytes / 2;

export interface CommandToSign {
  readonly deployment: string;
  readonly identity: Identity;
  readonly author: Address;
  readonly body: Body;
  readonly id: string;
}

export function signCommand({ deployment, identity, author, body, id }: CommandToSign): Command {
  const said = { id, author, body: shortenedReason(body) };
  return { ...said, signature: signText(identity, COMMAND, textOf(deployment, said)) };
}

/** The bytes of a command as it is submitted. */
export function commandBytes(command: Command): Uint8Array {
  return utf8.encode(canonicalJson(command as unknown as Json)); // parsed from JSON or built by its type: JSON either way
}

/** Throws `command.malformed`, naming the path of each fault. Never looks at more than `COMMAND_BYTES`. */
export function parseCommand(bytes: Uint8Array): Command {
  if (bytes.length > COMMAND_BYTES)
    throw malformed(`${bytes.length} bytes, more than the ${COMMAND_BYTES} a command may have`);
  return readCommand(jsonOf(bytes));
}

/** Throws `command.malformed`. */
export function readCommand(value: unknown): Command {
  const parsed = commandSchema.safeParse(value);
  if (!parsed.success) throw malformed(faultsOf(parsed.error));
  return parsed.data as Command; // a loose object of parsed JSON holds JSON
}

/** Throws `command.malformed`. */
export function readVouched(value: unknown): Vouched {
  const parsed = vouchedSchema.safeParse(value);
  if (!parsed.success) throw malformed(faultsOf(parsed.error));
  return parsed.data as Vouched; // as in `readCommand`; the pattern of an author is that of its type
}

/**
 * Throws `command.unknown-author` when no key is enrolled for the author, `command.bad-signature` when the signature
 * is not the author's for this deployment.
 */
export function verifyCommand(deployment: string, command: Command, key: PublicKey | undefined): void {
  if (key === undefined)
    throw new MpcError('command.unknown-author', `no key is enrolled for ${command.author}`, {
      hint: 'enrol its public key with every replica of the coordinator',
    });
  if (!isSigned(key, COMMAND, textOf(deployment, command), command.signature))
    throw badSignature(command.author);
}

/** Signs the text of several vouched commands at once. */
export const signVouched = (deployment: string, coordinator: Identity, text: string): string =>
  signText(coordinator, TOGETHER, `${deployment}\n${text}`);

/** Throws `command.unknown-author` or `command.bad-signature` unless a coordinator of this deployment signed that text. */
export function verifyVouched(
  deployment: string,
  text: string,
  signature: string,
  key: PublicKey | undefined,
): void {
  if (key === undefined)
    throw new MpcError('command.unknown-author', 'no key is enrolled for the coordinator');
  if (!isSigned(key, TOGETHER, `${deployment}\n${text}`, signature)) throw badSignature('the coordinator');
}

/** What was said: equal for every retry, whoever carries it, under whichever session. */
export function commandDigest({ id, author, body }: Spoken): string {
  return digestOf('command', { id, author, body });
}

/** The schema's pattern of an author is that of an address. */
export const authorOf = (command: Pick<Spoken, 'author'>): Address => command.author as Address;

/** An id nobody can foresee. */
export const newCommandId = (random: RandomSource): string => hex.encode(random(16));

/** An id that follows from what caused the command, so that several who see the cause say it once. */
export const derivedCommandId = (cause: Json): string => digestOf('command id', cause).slice(0, 32);

/** The text under an author's signature. */
const textOf = (deployment: string, { id, author, body }: Spoken): string =>
  canonicalJson({ deployment, id, author, body });

const COMMAND = 'signed command';
const TOGETHER = 'vouched commands';

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed('not a JSON text in UTF-8');
  }
}

export const malformed = (what: string): MpcError =>
  new MpcError('command.malformed', `malformed command: ${what}`, {
    hint: 'sender and coordinator must be of one version',
  });

const badSignature = (author: string): MpcError =>
  new MpcError('command.bad-signature', `a command in the name of ${author} has not its signature`, {
    hint: 'the author must sign with its enrolled key and name the same deployment',
  });
