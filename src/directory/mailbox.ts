/**
 * Owns mailboxes: an account's messages by number, kept until every place that is signed in has shown them, and each sender's share.
 * Must never search: a message's key is its account and its number, and numbers have no gaps.
 */
import { BOUNDS } from './bounds.ts';
import { type Mail, type Mailbox, type MailShare, mailKey, shareKey } from './rows.ts';
import type { Step } from './step.ts';

export const newMailbox = (timeMs: number): Mailbox => ({
  next: 1,
  first: 1,
  acknowledged: 0,
  bytes: 0,
  allowance: { thousandths: BOUNDS.messagesAtOnce * 1000, atMs: timeMs },
});

export function mailboxOf({ tables }: Step, name: string): Mailbox {
  const mailbox = tables.mailboxes.get(name);
  if (mailbox === undefined) throw new Error('every account has a mailbox');
  return mailbox;
}

const NONE: MailShare = { messages: 0, bytes: 0 };

/** What of that sender waits there. */
export const shareOf = ({ tables }: Step, name: string, sender: string): MailShare =>
  tables.shares.get(shareKey(name, sender)) ?? NONE;

/** One message more, or one less (`count` -1). */
export function countMail(step: Step, name: string, sender: string, bytes: number, count: 1 | -1): void {
  const { shares } = step.tables;
  const share = shareOf(step, name, sender);
  const messages = share.messages + count;
  if (messages > 0) shares.put(shareKey(name, sender), { messages, bytes: share.bytes + count * bytes });
  else if (share !== NONE) shares.delete(shareKey(name, sender));
}

function dropMail(step: Step, name: string, number: number): Mail | undefined {
  const { mail } = step.tables;
  const dropped = mail.get(mailKey(name, number));
  mail.delete(mailKey(name, number));
  if (dropped?.kind === 'message') countMail(step, name, dropped.from, bytesOf(dropped), -1);
  return dropped;
}

/** Drops what every place that is signed in has acknowledged: one at least. */
export function tidyMailbox(step: Step, sessions: readonly string[], name: string): void {
  const { tables, at } = step;
  const mailbox = tables.mailboxes.get(name);
  if (mailbox === undefined) return;
  let shown = mailbox.acknowledged;
  for (const digest of sessions) {
    const session = tables.sessions.get(digest);
    if (session !== undefined && session.expiresMs > at.timeMs) shown = Math.min(shown, session.acknowledged);
  }
  if (shown < mailbox.first) return;
  let { bytes } = mailbox;
  for (let number = mailbox.first; number <= shown; number++) bytes -= bytesOf(dropMail(step, name, number));
  tables.mailboxes.put(name, { ...mailbox, first: shown + 1, bytes });
}

/** Its account is gone. Whoever wrote what no place has shown is told. */
export function dropMailbox(step: Step, name: string): void {
  const { tables } = step;
  const mailbox = mailboxOf(step, name);
  const undelivered = new Map<string, { readonly ids: string[]; count: number }>();
  for (let number = mailbox.first; number < mailbox.next; number++) {
    const mail = dropMail(step, name, number);
    if (mail?.kind !== 'message' || number <= mailbox.acknowledged) continue;
    // Whoever has taken the sender's name since then did not write it.
    if ((tables.accounts.get(mail.from)?.createdMs ?? Infinity) > mail.timeMs) continue;
    const told = undelivered.get(mail.from) ?? { ids: [], count: 0 };
    told.count++;
    if (told.ids.length < BOUNDS.noticeIds) told.ids.push(mail.id);
    undelivered.set(mail.from, told);
  }
  tables.mailboxes.delete(name);
  for (const [sender, told] of undelivered) putNotice(step, sender, name, told);
}

/** Beyond the bounds of a mailbox: it answers messages of its owner's, one for each account deleted. */
function putNotice(
  step: Step,
  to: string,
  account: string,
  { count, ids }: { readonly count: number; readonly ids: readonly string[] },
): void {
  const { tables, at } = step;
  const mailbox = mailboxOf(step, to);
  const number = mailbox.next;
  tables.mail.put(mailKey(to, number), {
    kind: 'undelivered',
    number,
    timeMs: at.timeMs,
    account,
    count,
    ids,
  });
  tables.mailboxes.put(to, { ...mailbox, next: number + 1 });
}

const bytesOf = (mail: Mail | undefined): number => (mail?.kind === 'message' ? mail.sealed.length : 0);
