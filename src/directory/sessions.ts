/**
 * Owns what becomes of sessions: opened, renewed, closed, ended by age, and logins that failed.
 * Must never open one twice from one signed statement.
 */
import type { Json } from '../base/canonical.ts';
import type { BodyOf } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { tidyMailbox } from './mailbox.ts';
import { notAllowed, refusal, unknownSession } from './refusal.ts';
import type { Account, Session } from './rows.ts';
import { accountNamed, checkEvidence, type Step } from './step.ts';

export function openSession(step: Step, body: BodyOf<'openSession'>): Json {
  const { tables, at } = step;
  const account = accountNamed(step, body.account);
  const { session: digest, evidence } = body;
  checkEvidence(step, account, evidence, { kind: 'session', session: digest });
  const open = tables.sessions.get(digest);
  if (open !== undefined) {
    if (open.account !== account.name) throw unknownSession();
    return opened(open);
  }
  const counting = account.keyLogins.filter(({ atMs }) => atMs + BOUNDS.statementMs >= at.timeMs);
  if (counting.some((login) => login.session === digest)) throw unknownSession();
  if (counting.length >= BOUNDS.keyLogins)
    throw refusal('session.too-many', 'too many sessions were opened within minutes', 'try again later');
  const keyLogins =
    evidence.by === 'key' ? [...counting, { session: digest, atMs: evidence.atMs }] : counting;
  endSessions(step, account.name, [...expired(step, account), ...tooMany(step, account)]);
  const session: Session = {
    account: account.name,
    openedMs: at.timeMs,
    expiresMs: at.timeMs + body.lifetimeMs,
    seenMs: at.timeMs,
    acknowledged: tables.mailboxes.get(account.name)?.acknowledged ?? 0,
  };
  tables.sessions.put(digest, session);
  tables.accounts.put(account.name, {
    ...account,
    failures: { sinceMs: at.timeMs, count: 0 },
    keyLogins,
    sessions: [...accountNamed(step, account.name).sessions, digest],
  });
  return opened(session);
}

const opened = ({ account, expiresMs, acknowledged }: Session): Json => ({
  account,
  expiresMs,
  acknowledged,
});

export function renewSession(step: Step, account: Account, body: BodyOf<'renewSession'>): Json {
  const { timeMs } = step.at;
  const session = ownSession(step, account, body.session);
  const expiresMs = timeMs + body.lifetimeMs;
  step.tables.sessions.put(body.session, { ...session, seenMs: timeMs, expiresMs });
  return { expiresMs };
}

export function closeSession(step: Step, account: Account, body: BodyOf<'closeSession'>): Json {
  ownSession(step, account, body.session);
  endSessions(step, account.name, [body.session]);
  return {};
}

/** The tenth within a minute locks the account. While it is locked nothing more is counted. */
export function failLogin(step: Step, body: BodyOf<'failLogin'>): Json {
  const { timeMs } = step.at;
  const account = accountNamed(step, body.account);
  if (account.lockedUntilMs > timeMs) return {};
  const { sinceMs, count } = account.failures;
  const failures =
    timeMs - sinceMs >= BOUNDS.failuresWithinMs
      ? { sinceMs: timeMs, count: 1 }
      : { sinceMs, count: count + 1 };
  const locks = failures.count >= BOUNDS.failedLogins;
  step.tables.accounts.put(account.name, {
    ...account,
    failures: locks ? { sinceMs: timeMs, count: 0 } : failures,
    lockedUntilMs: locks ? timeMs + BOUNDS.lockedMs : account.lockedUntilMs,
  });
  return {};
}

/** One of the account's own. Throws `session.unknown`. */
export function ownSession(step: Step, account: Account, digest: string): Session {
  const session = step.tables.sessions.get(digest);
  if (session === undefined || session.expiresMs <= step.at.timeMs) throw unknownSession();
  if (session.account !== account.name) throw notAllowed(`this session is not one of ${account.name}`);
  return session;
}

/** They hold back no mail any more. */
export function endSessions(step: Step, name: string, ended: readonly string[]): void {
  if (ended.length === 0) return;
  const account = accountNamed(step, name);
  for (const digest of ended) step.tables.sessions.delete(digest);
  const sessions = account.sessions.filter((digest) => !ended.includes(digest));
  step.tables.accounts.put(name, { ...account, sessions });
  tidyMailbox(step, sessions, name);
}

/** A mailbox is full: places that are gone, or silent while others have gone on, make room. */
export function endSilentSessions(step: Step, name: string): void {
  const { tables, at } = step;
  const account = accountNamed(step, name);
  const shown = tables.mailboxes.get(name)?.acknowledged ?? 0;
  const silent = account.sessions.filter((digest) => {
    const session = tables.sessions.get(digest);
    return (
      session !== undefined && session.acknowledged < shown && session.seenMs + BOUNDS.silentMs <= at.timeMs
    );
  });
  endSessions(step, name, [...new Set([...expired(step, account), ...silent])]);
}

const expired = ({ tables, at }: Step, account: Account): string[] =>
  account.sessions.filter((digest) => (tables.sessions.get(digest)?.expiresMs ?? 0) <= at.timeMs);

/** The one silent for longest, when there is no room for one more. */
function tooMany({ tables, at }: Step, account: Account): string[] {
  const live = account.sessions.flatMap((digest) => {
    const session = tables.sessions.get(digest);
    return session === undefined || session.expiresMs <= at.timeMs
      ? []
      : [{ digest, seenMs: session.seenMs }];
  });
  if (live.length < BOUNDS.sessionsPerAccount) return [];
  const oldest = live.reduce((least, item) => (item.seenMs < least.seenMs ? item : least));
  return [oldest.digest];
}
