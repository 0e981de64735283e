/**
 * Owns what is inside a sealed message: text, sender's signature, and the checks of whoever opens it.
 * Must never show a text that its sender has not signed for this recipient, nor take a text that a terminal would obey.
 *
 * Signed, then sealed. The signature covers deployment, sender, all recipients, id, time and text, and is inside the seal: the
 * coordinators see who writes to whom and how much, never a text nor what could confirm a guess at one. A recipient cannot
 * hand the message on as written to somebody else, since the signature names its recipients; and whoever has it sealed for
 * another place, sender or id has a sealed text that does not open.
 */
import { z } from 'zod';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { RandomSource } from '../base/random.ts';
import { derivedCommandId } from '../coordination/commands.ts';
import type { Identity } from '../identity/keys.ts';
import { type SealedContext, type SealingKey, sealTo } from '../identity/sealing.ts';
import { verify } from '../identity/signing.ts';
import { accountName, checkText } from './names.ts';
import type { Keys, Mail } from './rows.ts';

const VERSION = 1;
/** Texts are padded to a multiple of this many bytes: their exact length is nobody's business. */
const PADDED_TO = 256;

const said = {
  version: z.literal(VERSION),
  from: accountName,
  /** Everyone who gets it, sorted. */
  to: z.array(accountName).min(1).max(LIMITS.parties),
  /** 32 hexadecimal digits: the same in what each of them gets. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** By the sender's clock. */
  sentMs: z.int().min(0),
  /** The collaboration it is about. */
  collaboration: z
    .string()
    .regex(/^[0-9a-f]{20}$/)
    .optional(),
  text: z.string(),
};
const insideSchema = z.strictObject({ ...said, signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/) });

type Inside = z.infer<typeof insideSchema>;
export type MessageSaid = Omit<Inside, 'version' | 'signature'>;

export interface Sender {
  readonly deployment: string;
  readonly identity: Identity;
  readonly random: RandomSource;
}

/** What goes to one recipient: base64url. Throws `text.*`, `sealing.key`. */
export function sealMessage(
  { deployment, identity, random }: Sender,
  message: MessageSaid,
  recipient: { readonly account: string; readonly keys: Keys },
): { readonly sealedTo: string; readonly sealed: string } {
  checkText(message.text);
  const content: Omit<Inside, 'signature'> = { version: VERSION, ...message, to: [...message.to].sort() };
  const signature = Buffer.from(identity.sign(signedBytes(deployment, content))).toString('base64url');
  const inside = utf8.encode(canonicalJson({ ...content, signature }));
  const padded = new Uint8Array(Math.ceil(inside.length / PADDED_TO) * PADDED_TO).fill(0x20);
  padded.set(inside);
  const { sealing } = recipient.keys;
  const context = contextOf(
    deployment,
    message.from,
    recipient.account,
    idFor(message.id, recipient.account),
  );
  const sealed = sealTo(sealing, context, padded, random);
  return { sealedTo: sealing, sealed: Buffer.from(sealed).toString('base64url') };
}

export interface Recipient {
  readonly deployment: string;
  readonly account: string;
  /** All it has or had: mail may have been sealed to an earlier one. */
  readonly sealingKeys: readonly SealingKey[];
}

/**
 * What a message says, when its sender has signed it with `signing`. Throws `message.no-key` (sealed to a key that is not here),
 * `message.unreadable`, `message.version`, `message.not-signed`.
 */
export function openMessage(
  { deployment, account, sealingKeys }: Recipient,
  mail: Extract<Mail, { kind: 'message' }>,
  signing: string,
): MessageSaid {
  const key = sealingKeys.find(({ publicKey }) => publicKey === mail.sealedTo);
  if (key === undefined)
    throw unreadable(
      'message.no-key',
      'it is sealed to a key that is not here',
      'open it where that key is kept',
    );
  const sealed = new Uint8Array(Buffer.from(mail.sealed, 'base64url'));
  const opened = key.open(sealed, contextOf(deployment, mail.from, account, mail.id));
  if (opened === undefined) throw unreadable('message.unreadable', 'it does not open', ASK_AGAIN);
  const { signature, ...content } = insideOf(opened);
  const bytes = new Uint8Array(Buffer.from(signature, 'base64url'));
  const fits =
    content.from === mail.from && content.to.includes(account) && idFor(content.id, account) === mail.id;
  if (!fits || !verify(signing, signedBytes(deployment, content), bytes))
    throw unreadable('message.not-signed', `it is not signed with the known key of ${mail.from}`, ASK_AGAIN);
  checkText(content.text);
  const { version: _, ...message } = content;
  return message;
}

/** The id under which one recipient's copy of a message is sent: the same for every retry. */
export const idFor = (id: string, account: string): string => derivedCommandId(['message to', id, account]);

function insideOf(opened: Uint8Array): Inside {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(opened));
  } catch {
    throw unreadable('message.unreadable', 'it holds no message', ASK_AGAIN);
  }
  const parsed = insideSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const version = z.looseObject({ version: z.int() }).safeParse(value);
  if (version.success && version.data.version !== VERSION)
    throw unreadable(
      'message.version',
      `it is of version ${version.data.version}`,
      'install a newer mpc to read it',
    );
  throw unreadable('message.unreadable', 'it holds no message', ASK_AGAIN);
}

const contextOf = (deployment: string, from: string, to: string, id: string): SealedContext => ({
  info: 'mpc/1 message',
  additional: utf8.encode(canonicalJson({ deployment, from, to, id })),
});

/** Starts with 0xff, which no UTF-8 text holds: as everything signed here, it is no text that a broker may ask to be signed. */
function signedBytes(deployment: string, content: Omit<Inside, 'signature'>): Uint8Array {
  return concatBytes(
    new Uint8Array([0xff]),
    utf8.encode(`mpc/1 signed message\n${canonicalJson({ deployment, ...content })}`),
  );
}

const ASK_AGAIN = 'ask its sender to send it again';

const unreadable = (code: string, message: string, hint: string): MpcError =>
  new MpcError(code, message, { hint, exitCode: EXIT.badData });
