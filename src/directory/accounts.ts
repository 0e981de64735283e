/**
 * Owns what becomes of accounts: registered, changed, deleted.
 * Must never give a party's name to whoever has not its key, nor a deleted account's mail to who takes its name.
 */
import type { Json } from '../base/canonical.ts';
import type { BodyOf, KeysSaid } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { dropMailbox, newMailbox } from './mailbox.ts';
import { checkAccountName } from './names.ts';
import { accountExists, allowed, refusal } from './refusal.ts';
import type { Account, Keys } from './rows.ts';
import { endSessions } from './sessions.ts';
import { statementHolds } from './statements.ts';
import { checkEvidence, checkTime, type Step } from './step.ts';

export function registerAccount(step: Step, body: BodyOf<'registerAccount'>): Json {
  const { tables, at } = step;
  const name = checkAccountName(body.account);
  const party = step.rules.trust[`party-${name}`] !== undefined;
  const before = tables.accounts.get(name);
  if (before !== undefined && (!party || before.party)) throw accountExists(name);
  if (body.password === null && body.keys === null)
    throw refusal('account.no-way-in', 'an account needs a password or keys', 'give one of them');
  if (party && body.keys === null) throw partyKeyNeeded(name);
  const keys = body.keys === null ? null : checkedKeys(step, name, body.keys);
  // Somebody had the name before the party was enrolled. It is the party's now.
  if (before !== undefined) removeAccount(step, before);
  makeRoom(step);
  tables.accounts.put(name, {
    name,
    born: at.sequence,
    createdMs: at.timeMs,
    password: body.password,
    passwordNumber: 1,
    keys,
    party,
    failures: { sinceMs: at.timeMs, count: 0 },
    lockedUntilMs: 0,
    sessions: [],
    keyLogins: [],
  });
  tables.mailboxes.put(name, newMailbox(at.timeMs));
  return { account: name, born: at.sequence };
}

export function changeAccount(step: Step, account: Account, body: BodyOf<'changeAccount'>): Json {
  checkEvidence(step, account, body.evidence, { kind: 'change', session: body.session });
  const keys = body.keys === undefined ? account.keys : checkedKeys(step, account.name, body.keys);
  const password = body.password === undefined ? account.password : body.password;
  if (password === null && keys === null)
    throw refusal('account.no-way-in', 'nothing would open this account any more', 'keep a password or keys');
  const passwordNumber = account.passwordNumber + (body.password === undefined ? 0 : 1);
  step.tables.accounts.put(account.name, { ...account, keys, password, passwordNumber });
  endSessions(
    step,
    account.name,
    account.sessions.filter((session) => session !== body.session),
  );
  return { account: account.name };
}

export function deleteAccount(step: Step, account: Account, body: BodyOf<'deleteAccount'>): Json {
  checkEvidence(step, account, body.evidence, { kind: 'delete', session: body.session });
  removeAccount(step, account);
  return { account: account.name };
}

function removeAccount(step: Step, { name, sessions }: Account): void {
  for (const session of sessions) step.tables.sessions.delete(session);
  step.tables.accounts.delete(name);
  dropMailbox(step, name);
}

/** What a name's new keys are, once their holder has been heard, and the enrolled party where the name is one's. */
function checkedKeys(step: Step, account: string, said: KeysSaid): Keys {
  const { deployment, trust } = step.rules;
  const { signing, sealing, atMs, possession } = said;
  checkTime(step, atMs);
  const statement = { kind: 'keys', account, signing, sealing, atMs } as const;
  if (!statementHolds(deployment, signing, statement, possession))
    throw refusal(
      'account.bad-proof',
      'the keys are not signed by their holder',
      'sign them with the signing key',
    );
  const party = trust[`party-${account}`];
  if (party !== undefined && party !== signing) {
    if (said.party === undefined || !statementHolds(deployment, party, statement, said.party))
      throw partyKeyNeeded(account);
  }
  return { signing, sealing };
}

function makeRoom({ tables, at }: Step): void {
  if (tables.accounts.size >= BOUNDS.accounts)
    throw refusal('account.no-room', `there are ${BOUNDS.accounts} accounts already`, 'delete unused ones');
  const { registrationsPerSecond: perSecond, registrationsAtOnce: most } = BOUNDS;
  const left = allowed(tables.registrations.get('all'), { perSecond, most }, at.timeMs);
  if (left === undefined)
    throw refusal('account.too-fast', 'too many accounts are being registered', 'try again in a few seconds');
  tables.registrations.put('all', left);
}

const partyKeyNeeded = (name: string): Error =>
  refusal(
    'account.bad-proof',
    `${name} is an enrolled party: only its own key can register that name`,
    `use the key file of party-${name}, or choose another name`,
  );
