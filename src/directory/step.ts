/**
 * Owns what every decision of the directory has at hand: the rules, the tables and the moment in the log.
 * Must never read a clock: time is the log's.
 */
import type { Moment } from '../coordination/chapter.ts';
import type { Trust } from '../coordination/records.ts';
import type { Evidence } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { refusal, unknownAccount } from './refusal.ts';
import type { Account, DirectoryTables } from './rows.ts';
import { type Statement, statementHolds } from './statements.ts';

export interface DirectoryRules {
  readonly deployment: string;
  /** Enrolled keys: who may register a party's name. */
  readonly trust: Trust;
}

export interface Step {
  readonly rules: DirectoryRules;
  readonly tables: DirectoryTables;
  readonly at: Moment;
}

export function accountNamed({ tables }: Step, name: string): Account {
  const account = tables.accounts.get(name);
  if (account === undefined) throw unknownAccount(name);
  return account;
}

/** A statement counts for a while only: whoever finds one later gains nothing. */
export function checkTime({ at }: Step, atMs: number): void {
  if (Math.abs(at.timeMs - atMs) <= BOUNDS.statementMs) return;
  throw refusal(
    'account.bad-proof',
    'the time of the signed statement is not that of the log',
    "set this machine's clock, and try again",
  );
}

/** Throws `account.wrong-password`, `account.bad-proof`, `account.locked`. */
export function checkEvidence(
  step: Step,
  account: Account,
  said: Evidence,
  { kind, session }: { readonly kind: 'session' | 'change' | 'delete'; readonly session: string },
): void {
  const { rules, at } = step;
  if (said.by === 'password') {
    if (account.password === null) throw loginRefused(account.name);
    if (account.lockedUntilMs > at.timeMs) throw locked(account.name);
    if (account.passwordNumber !== said.passwordNumber)
      throw refusal(
        'account.wrong-password',
        'the password has just been changed',
        'sign in with the new one',
      );
    return;
  }
  checkTime(step, said.atMs);
  const statement: Statement = { kind, account: account.name, session, atMs: said.atMs };
  if (
    account.keys === null ||
    !statementHolds(rules.deployment, account.keys.signing, statement, said.signature)
  )
    throw refusal(
      'account.bad-proof',
      `this is not signed with the key of ${account.name}`,
      'use the key file that the account was registered with',
    );
}

/** The same whether there is no such account, it has no password, or another one. */
export const loginRefused = (account: string): Error =>
  refusal(
    'account.wrong-password',
    `${account} cannot be signed in like this`,
    'check the name and the password; an account without one signs in by its key',
  );

export const locked = (account: string): Error =>
  refusal(
    'account.locked',
    `there were too many wrong passwords for ${account}`,
    `wait a minute (its key still opens it)`,
  );
