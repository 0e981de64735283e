/**
 * Owns what becomes of messages said: sent, and acknowledged by the places that have shown them.
 * Must never look into one: its text and its sender's signature are the recipients' to check.
 */
import type { Json } from '../base/canonical.ts';
import type { BodyOf } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { countMail, mailboxOf, shareOf, tidyMailbox } from './mailbox.ts';
import { allowed, refusal } from './refusal.ts';
import { type Account, mailKey } from './rows.ts';
import { endSilentSessions, ownSession } from './sessions.ts';
import { accountNamed, type Step } from './step.ts';

export function sendMessage(step: Step, from: Account, id: string, body: BodyOf<'sendMessage'>): Json {
  const { tables, at } = step;
  const to = accountNamed(step, body.to);
  if (from.keys === null) throw noKeys(from.name);
  if (to.keys === null) throw noKeys(to.name);
  if (to.keys.sealing !== body.sealedTo)
    throw refusal(
      'message.other-key',
      `the message is sealed to a key that ${to.name} does not use any more`,
      'ask for the key again, compare its fingerprint, and seal anew',
    );
  takeAllowance(step, from.name);
  if (objectionTo(step, from.name, to.name, body.sealed) !== undefined) endSilentSessions(step, to.name);
  const objection = objectionTo(step, from.name, to.name, body.sealed);
  if (objection !== undefined) throw objection;
  const mailbox = mailboxOf(step, to.name);
  const number = mailbox.next;
  tables.mail.put(mailKey(to.name, number), {
    kind: 'message',
    number,
    id,
    from: from.name,
    timeMs: at.timeMs,
    sealedTo: body.sealedTo,
    sealed: body.sealed,
  });
  tables.mailboxes.put(to.name, { ...mailbox, next: number + 1, bytes: mailbox.bytes + body.sealed.length });
  countMail(step, to.name, from.name, body.sealed.length, 1);
  return { number, timeMs: at.timeMs };
}

export function acknowledge(step: Step, account: Account, body: BodyOf<'acknowledge'>): Json {
  const { tables, at } = step;
  const session = ownSession(step, account, body.session);
  const mailbox = mailboxOf(step, account.name);
  const { number } = body;
  if (number >= mailbox.next)
    throw refusal(
      'message.unknown',
      `${account.name} has no message ${number} yet`,
      'acknowledge what was shown',
    );
  if (number > session.acknowledged) {
    tables.sessions.put(body.session, { ...session, seenMs: at.timeMs, acknowledged: number });
    if (number > mailbox.acknowledged)
      tables.mailboxes.put(account.name, { ...mailbox, acknowledged: number });
    tidyMailbox(step, account.sessions, account.name);
  }
  return {};
}

function takeAllowance(step: Step, sender: string): void {
  const mailbox = mailboxOf(step, sender);
  const { messagesPerSecond: perSecond, messagesAtOnce: most } = BOUNDS;
  const allowance = allowed(mailbox.allowance, { perSecond, most }, step.at.timeMs);
  if (allowance === undefined)
    throw refusal('message.too-fast', `${sender} sends too many messages`, 'wait a second');
  step.tables.mailboxes.put(sender, { ...mailbox, allowance });
}

/** Why that mailbox takes no more of that sender now. */
function objectionTo(step: Step, from: string, to: string, sealed: string): Error | undefined {
  const { next, first, bytes } = mailboxOf(step, to);
  if (next - first >= BOUNDS.mailboxMessages || bytes + sealed.length > BOUNDS.mailboxBytes)
    return refusal('mail.full', `the mailbox of ${to} is full`, 'wait until it has read its messages');
  const share = shareOf(step, to, from);
  if (share.messages < BOUNDS.senderMessages && share.bytes + sealed.length <= BOUNDS.senderBytes)
    return undefined;
  return refusal(
    'mail.sender-full',
    `as much of ${from} waits for ${to} as one sender may have waiting`,
    `wait until ${to} has read some of it`,
  );
}

const noKeys = (name: string): Error =>
  refusal('account.no-keys', `${name} has published no keys`, 'messages go between accounts with keys only');
