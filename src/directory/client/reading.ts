/**
 * Owns what a mail that has come says to people: opened, proven or not, or why it cannot be shown.
 * Must never pass over a mail because of what is wrong with it, nor show as lost what is only out of reach now.
 */
import type { Clock } from '../../base/clock.ts';
import { MpcError } from '../../base/errors.ts';
import { type MessageSaid, openMessage, type Recipient } from '../message.ts';
import type { Keys, Mail } from '../rows.ts';
import type { AccountView } from '../views.ts';
import type { HistoryEntry } from './history.ts';
import { type Pins, refuseChanged, type Seen } from './pins.ts';

/** What people are told. */
export type Happening =
  | { readonly kind: 'message'; readonly message: MessageSaid; readonly timeMs: number }
  /** Opened, but not signed with the key that was known: whose it is, nobody can say. */
  | {
      readonly kind: 'unproven';
      readonly message: MessageSaid;
      readonly seen: Seen & { readonly what: 'changed' };
    }
  | { readonly kind: 'unreadable'; readonly from: string; readonly fault: MpcError }
  | { readonly kind: 'undelivered'; readonly account: string; readonly count: number }
  /** This place was signed out for a while: another has shown these. */
  | { readonly kind: 'missed'; readonly count: number }
  | { readonly kind: 'first-contact'; readonly account: string; readonly seen: Seen }
  | { readonly kind: 'connection'; readonly up: boolean; readonly why?: string };

/** Who reads, and how it looks others up. */
export interface Reader extends Recipient {
  readonly pins: Pins;
  readonly clock: Clock;
  readonly tell: (happening: Happening) => void;
  readonly look: (account: string) => Promise<AccountView>;
}

/** Faults of the way to the coordinators: the mail is asked for again. */
const OUT_OF_REACH = /^(api|bus|coordinator|log|request|session)\./;

export async function readMail(mail: Mail, reader: Reader): Promise<Happening> {
  if (mail.kind === 'undelivered') return { kind: 'undelivered', account: mail.account, count: mail.count };
  const { from } = mail;
  try {
    const { signing } = reader.pins.keysOf(from) ?? (await keysFor(from, reader));
    return { kind: 'message', message: openMessage(reader, mail, signing), timeMs: mail.timeMs };
  } catch (error) {
    if (!(error instanceof MpcError) || OUT_OF_REACH.test(error.code)) throw error;
    const unproven = error.code === 'message.not-signed' ? await withChangedKey(mail, reader) : undefined;
    return unproven ?? { kind: 'unreadable', from, fault: error };
  }
}

/** Signed with a key that the coordinators say is the sender's now, and that nobody here has compared. */
async function withChangedKey(
  mail: Extract<Mail, { kind: 'message' }>,
  reader: Reader,
): Promise<Happening | undefined> {
  try {
    const seen = reader.pins.see(await reader.look(mail.from), reader.clock.now());
    if (seen.what !== 'changed') return undefined;
    return { kind: 'unproven', message: openMessage(reader, mail, seen.is.signing), seen };
  } catch (error) {
    if (!(error instanceof MpcError) || OUT_OF_REACH.test(error.code)) throw error;
    return undefined;
  }
}

/** Throws `account.key-changed`, `account.unknown`, `account.no-keys`. */
export async function keysFor(account: string, { look, pins, clock, tell }: Reader): Promise<Keys> {
  const seen = pins.see(await look(account), clock.now());
  if (seen.what === 'first') tell({ kind: 'first-contact', account, seen });
  return refuseChanged(account, seen);
}

/** What the history keeps of it. */
export function historyOf(happening: Happening): Pick<HistoryEntry, 'text' | 'collaboration' | 'fault'> {
  switch (happening.kind) {
    case 'message':
    case 'unproven': {
      const { text, collaboration } = happening.message;
      return {
        text,
        ...(collaboration === undefined ? {} : { collaboration }),
        ...(happening.kind === 'message' ? {} : { fault: 'account.key-changed' }),
      };
    }
    case 'unreadable':
      return { text: '', fault: happening.fault.code };
    case 'undelivered':
      return { text: `${happening.account} ${happening.count}` };
    default:
      return { text: '' };
  }
}
