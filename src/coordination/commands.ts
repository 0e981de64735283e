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
import { bodySchema, type CommandBody, type CommandKind } from './bodies.ts';
import { faultsOf } from './faults.ts';
import { shortened } from './report.ts';

export type { CommandBody, CommandKind };

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
