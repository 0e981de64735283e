/**
 * Owns the commands of the replicated log: what may be said, by whom, and the signature that proves it.
 * Must never hold a secret. A command's id makes every retry harmless.
 */
import { z } from 'zod';
import { concatBytes, hex, utf8 } from '../base/bytes.ts';
import { canonicalJson, digestOf, type Json } from '../base/canonical.ts';
import { MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { RandomSource } from '../base/random.ts';
import type { Address } from '../bus/subjects.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import { verify } from '../identity/signing.ts';
import { descriptorSchema } from './descriptor.ts';
import { faultsOf } from './faults.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const collaboration = z.string().regex(/^[0-9a-f]{20}$/);
/** Characters of a reason's texts and of its code: enough to act on, too few to store anything in. */
const SHORT_CHARACTERS = 500;
const CODE_CHARACTERS = 100;
const short = z.string().max(SHORT_CHARACTERS);
const report = z.strictObject({
  code: z.string().max(CODE_CHARACTERS),
  message: short,
  hint: short.optional(),
  place: z
    .strictObject({
      party: z.string().max(LIMITS.nameCharacters).optional(),
      file: short.optional(),
      line: z.int().optional(),
      column: z.union([z.int(), short]).optional(),
    })
    .optional(),
});

export const bodySchema = z.discriminatedUnion('kind', [
  /** A party opens a collaboration. */
  z.strictObject({ kind: z.literal('create'), descriptor: descriptorSchema }),
  /** A party agrees to the descriptor of that digest. */
  z.strictObject({ kind: z.literal('approve'), collaboration, descriptor: digest }),
  /** A server has its tape. */
  z.strictObject({ kind: z.literal('randomnessReady'), collaboration, attempt: z.int().min(1) }),
  /** An input party has handed its masked rows to both servers; `rows` is the digest of the masked bytes. */
  z.strictObject({ kind: z.literal('uploaded'), collaboration, rows: digest }),
  /** A server ties its tape to one descriptor, input set and attempt, before it opens anything. */
  z.strictObject({ kind: z.literal('bound'), collaboration, attempt: z.int().min(1), binding: digest }),
  /** A server holds its half of the result; `outputs` is the digest of the masked results, equal on both. */
  z.strictObject({ kind: z.literal('resultStored'), collaboration, outputs: digest }),
  /** An output party has combined its result. */
  z.strictObject({ kind: z.literal('received'), collaboration }),
  /** A participant cannot go on. */
  z.strictObject({ kind: z.literal('fail'), collaboration, reason: report }),
  /** The creator takes the collaboration back before it started. */
  z.strictObject({ kind: z.literal('cancel'), collaboration }),
  /** A coordinator saw the deadline pass. */
  z.strictObject({ kind: z.literal('expire'), collaboration }),
]);

export type CommandBody = z.infer<typeof bodySchema>;
export type CommandKind = CommandBody['kind'];

export const commandSchema = z.strictObject({
  /** 32 hexadecimal digits, unpredictable or derived from what caused it; the same for every retry. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** An address: `server-a`, `dealer`, `party-acme`, `coordinator`. */
  author: z.string().regex(/^(server-a|server-b|dealer|coordinator|party-[a-z0-9_-]{1,64})$/),
  body: bodySchema,
  /** Ed25519 by the author's enrolled key over `signedBytes` of {deployment, id, author, body}, base64url. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});

export type Command = z.infer<typeof commandSchema>;

/** Half a broker message: the longest packed program with 256 parties, their keys and their longest names fits. */
export const COMMAND_BYTES = LIMITS.messageBytes / 2;

export interface CommandToSign {
  readonly deployment: string;
  readonly identity: Identity;
  readonly author: Address;
  readonly body: CommandBody;
  readonly id: string;
}

export function signCommand({ deployment, identity, author, body, id }: CommandToSign): Command {
  const said = {
    id,
    author,
    body: body.kind === 'fail' ? { ...body, reason: shortened(body.reason) } : body,
  };
  const signature = identity.sign(signedBytes(deployment, said));
  return { ...said, signature: Buffer.from(signature).toString('base64url') };
}

type Reason = z.infer<typeof report>;

/** A reason within the schema's bounds: a failure with a long story must reach the log all the same. */
function shortened(reason: Reason): Reason {
  const { code, message, hint, place } = reason;
  const cut = <Value>(value: Value): Value | string =>
    typeof value === 'string' ? value.slice(0, SHORT_CHARACTERS) : value;
  return {
    code: code.slice(0, CODE_CHARACTERS),
    message: message.slice(0, SHORT_CHARACTERS),
    ...(hint === undefined ? {} : { hint: cut(hint) }),
    ...(place === undefined
      ? {}
      : {
          place: {
            ...(place.party === undefined ? {} : { party: place.party.slice(0, LIMITS.nameCharacters) }),
            ...(place.file === undefined ? {} : { file: cut(place.file) }),
            ...(place.line === undefined ? {} : { line: place.line }),
            ...(place.column === undefined ? {} : { column: cut(place.column) }),
          },
        }),
  };
}

/** The bytes of a command as the log holds them. */
export function commandBytes(command: Command): Uint8Array {
  return utf8.encode(canonicalJson(command as Json)); // parsed from JSON or built by its schema's type: JSON either way
}

/** Throws `command.malformed`, naming the path of each fault. Never looks at more than `COMMAND_BYTES`. */
export function parseCommand(bytes: Uint8Array): Command {
  if (bytes.length > COMMAND_BYTES)
    throw malformed(`${bytes.length} bytes, more than the ${COMMAND_BYTES} a command may have`);
  const parsed = commandSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw malformed(faultsOf(parsed.error));
  return parsed.data;
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
  const signature = new Uint8Array(Buffer.from(command.signature, 'base64url'));
  if (!verify(key, signedBytes(deployment, command), signature))
    throw new MpcError(
      'command.bad-signature',
      `a command in the name of ${command.author} has not its signature`,
      {
        hint: 'the author must sign with its enrolled key and name the same deployment',
      },
    );
}

/** What was said: equal for every retry, whoever carries it. */
export function commandDigest({ id, author, body }: Pick<Command, 'id' | 'author' | 'body'>): string {
  return digestOf('command', { id, author, body: body as Json }); // built from its schema: JSON
}

/** The schema's pattern of an author is that of an address. */
export const authorOf = (command: Pick<Command, 'author'>): Address => command.author as Address;

/** An id nobody can foresee. */
export const newCommandId = (random: RandomSource): string => hex.encode(random(16));

/** An id that follows from what caused the command, so that several who see the cause say it once. */
export const derivedCommandId = (cause: Json): string => digestOf('command id', cause).slice(0, 32);

/**
 * The bytes under a signature. They start with 0xff, which no UTF-8 text holds: the broker makes clients sign a text of
 * its choice at login with the same key, and must not get a command signed that way.
 */
function signedBytes(
  deployment: string,
  { id, author, body }: Pick<Command, 'id' | 'author' | 'body'>,
): Uint8Array {
  const text = canonicalJson({ deployment, id, author, body: body as Json }); // as in commandDigest
  return concatBytes(new Uint8Array([0xff]), utf8.encode(`mpc/1 signed command\n${text}`));
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed('not a JSON text in UTF-8');
  }
}

const malformed = (what: string): MpcError =>
  new MpcError('command.malformed', `malformed command: ${what}`, {
    hint: 'sender and coordinator must be of one version',
  });
