/**
 * Owns the directory as a chapter of the replicated state: who may say what, and which decision it goes to.
 * Must never decide by anything but the command, the tables and the log's time.
 */
import type { Json } from '../base/canonical.ts';
import { MpcError } from '../base/errors.ts';
import { type Address, partyOf } from '../bus/subjects.ts';
import { type Chapter, chapterOf, type Moment, type Said, type Tables } from '../coordination/chapter.ts';
import { changeAccount, deleteAccount, registerAccount } from './accounts.ts';
import { type DirectoryBody, directoryBodies } from './bodies.ts';
import { acknowledge, sendMessage } from './mail.ts';
import { notAllowed, unknownAccount } from './refusal.ts';
import { type Account, DIRECTORY, directoryTables } from './rows.ts';
import { closeSession, failLogin, openSession, renewSession } from './sessions.ts';
import type { DirectoryRules, Step } from './step.ts';

export function directoryChapter(rules: DirectoryRules): Chapter {
  return chapterOf({
    name: DIRECTORY,
    bodies: directoryBodies,
    vouchable: [
      'renewSession',
      'closeSession',
      'changeAccount',
      'deleteAccount',
      'sendMessage',
      'acknowledge',
    ],
    apply: (said, at, tables) => {
      try {
        return { answer: decided(rules, said, at, tables) };
      } catch (error) {
        if (error instanceof MpcError) return { refusal: error.report() };
        throw error;
      }
    },
    sessionHolder: (digest, timeMs, tables) => {
      const { sessions, accounts } = directoryTables(tables);
      const session = sessions.get(digest);
      if (session === undefined || session.expiresMs <= timeMs) return undefined;
      const holder: Address = `party-${session.account}`;
      // An account that had the name before the party was enrolled does not speak for the party.
      const isParty = rules.trust[holder] !== undefined;
      return isParty && accounts.get(session.account)?.party !== true ? undefined : holder;
    },
  });
}

function decided(rules: DirectoryRules, said: Said<DirectoryBody>, at: Moment, tables: Tables): Json {
  const step: Step = { rules, tables: directoryTables(tables), at };
  const { author, id, body } = said;
  switch (body.kind) {
    case 'registerAccount':
    case 'openSession':
    case 'failLogin':
      if (author !== 'coordinator') throw notAllowed(`${author} may not say ${body.kind}`);
      if (body.kind === 'registerAccount') return registerAccount(step, body);
      return body.kind === 'openSession' ? openSession(step, body) : failLogin(step, body);
    case 'renewSession':
      return renewSession(step, accountOf(step, author), body);
    case 'closeSession':
      return closeSession(step, accountOf(step, author), body);
    case 'changeAccount':
      return changeAccount(step, accountOf(step, author), body);
    case 'deleteAccount':
      return deleteAccount(step, accountOf(step, author), body);
    case 'sendMessage':
      return sendMessage(step, accountOf(step, author), id, body);
    case 'acknowledge':
      return acknowledge(step, accountOf(step, author), body);
  }
}

/** An account, or the enrolled party of that name with its own key. */
function accountOf({ tables }: Step, author: Address): Account {
  const name = partyOf(author);
  const account = name === undefined ? undefined : tables.accounts.get(name);
  if (account === undefined)
    throw name === undefined ? notAllowed(`${author} has no account`) : unknownAccount(name);
  return account;
}
