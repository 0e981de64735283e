/**
 * Owns the grammar of subjects, on one page: who may say what to whom. Permissions are generated from this same grammar.
 *
 *   mpc.<deployment>.<to>.<from>.<verb>[.<collaboration>[.<purpose>]]
 *
 * <to>, <from>: a role (`server-a`, `server-b`, `server-c`, `dealer`, `coordinator`), a party (`party-acme`), or as <from> `voter`:
 * whoever holds a credential of an election; one name for all of them, because a ballot says itself whose it is.
 * verbs: `submit` (a signed command to any coordinator replica; request and reply),
 *        `channel` (frames of the sealed channel),
 *        `hello` (is the other server there? request and reply, believed by nobody),
 *        `ballots` (a voter's ballots, to any of the three servers; request and reply),
 *        `ask` (what a server says of an election or a ballot; request and reply),
 *        `envelopes` (a server fetches ballots that it missed from another; request and reply).
 *        `replicas` (to every coordinator replica: how far are you? each answers on the asker's own subject),
 *        `snapshot` (a coordinator replica without a state asks another for its; then, with that replica's name as last
 *        token, for one part after the other; request and reply).
 *        `feed` (what a role tells of itself to the one that its configuration lets watch it, and to nobody without), and
 *        `again` (that one asks for what was told before).
 *        `directory` (what an account asks of the coordinators: first of any replica for its key; then, with that replica's name as
 *        last token, sealed to it; request and reply), and
 *        `mail` (with a lease's name as last token: messages that are pushed to whoever follows them, and the other way that it is
 *        still there).
 * The log is the stream `mpc_<deployment>_log` on the subject `mpc.<deployment>.log`; what is in it is said on
 * `mpc.<deployment>.log.entries`, by the broker alone.
 */

import { MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/** A participant's name on the bus. */
export type Address = 'server-a' | 'server-b' | 'server-c' | 'dealer' | 'coordinator' | `party-${string}`;

/** What a channel between two participants of a collaboration carries. */
export type Purpose = 'tape' | 'rows' | 'compute' | 'result' | 'ballots';

/** What is said about one election outside of the channels. */
export type ElectionVerb = 'ballots' | 'ask' | 'envelopes';

/** The party's name in its address; undefined for any other address. */
export const partyOf = (address: string): string | undefined =>
  address.startsWith('party-') ? address.slice('party-'.length) : undefined;

/** Names of the parties among those addresses, sorted. */
export const partiesAmong = (addresses: readonly string[]): string[] =>
  addresses.flatMap((address) => partyOf(address) ?? []).sort();

const NAME = /^[a-z0-9_-]+$/;

export function checkName(kind: string, name: string): string {
  if (!NAME.test(name) || name.length > LIMITS.nameCharacters)
    throw new MpcError('name.invalid', `${kind} name ${JSON.stringify(name.slice(0, 80))} is not valid`, {
      hint: `use 1 to ${LIMITS.nameCharacters} of a-z, 0-9, _ and -`,
    });
  return name;
}

export const subjects = {
  submit: (deployment: string, from: Address | '*'): string => `mpc.${deployment}.coordinator.${from}.submit`,
  channel: (
    deployment: string,
    to: Address,
    from: Address,
    collaboration: string,
    purpose: Purpose,
  ): string => `mpc.${deployment}.${to}.${from}.channel.${collaboration}.${purpose}`,
  hello: (deployment: string, to: Address, from: Address): string => `mpc.${deployment}.${to}.${from}.hello`,
  election: (
    deployment: string,
    to: Address,
    from: Address | 'voter',
    verb: ElectionVerb,
    election: string,
  ): string => `mpc.${deployment}.${to}.${from}.${verb}.${election}`,
  /** The question to all replicas, or with `answer` what they say to the asker. */
  replicas: (deployment: string, asker: Address | '*', answer?: 'answer'): string =>
    answer === undefined
      ? `mpc.${deployment}.coordinator.${asker}.replicas`
      : `mpc.${deployment}.${asker}.coordinator.replicas`,
  snapshot: (deployment: string, replica?: string): string =>
    `mpc.${deployment}.coordinator.coordinator.snapshot${replica === undefined ? '' : `.${replica}`}`,
  feed: (deployment: string, viewer: Address, from: Address | '*'): string =>
    `mpc.${deployment}.${viewer}.${from}.feed`,
  feedAgain: (deployment: string, to: Address, viewer: Address): string =>
    `mpc.${deployment}.${to}.${viewer}.again`,
  directory: (deployment: string, from: Address | '*', replica?: string): string =>
    `mpc.${deployment}.coordinator.${from}.directory${replica === undefined ? '' : `.${replica}`}`,
  mail: (deployment: string, to: Address, from: Address, lease: string): string =>
    `mpc.${deployment}.${to}.${from}.mail.${lease}`,
  log: (deployment: string): string => `mpc.${deployment}.log`,
  logStream: (deployment: string): string => `mpc_${deployment}_log`,
  /** Where the entries of the log with that subject are said. */
  entries: (log: string): string => `${log}.entries`,
};

/** The subject of the log of that stream name: `mpc.<deployment>.log` for `mpc_<deployment>_log`, else the name itself. */
export function logSubjectOf(stream: string): string {
  const deployment = /^mpc_(.+)_log$/.exec(stream)?.[1];
  return deployment === undefined ? stream : subjects.log(deployment);
}

/** Whether a subscription to `pattern` (tokens, `*` for one, a last `>` for one or more) receives `subject`. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return given.length > at;
    if (at >= given.length || (token !== '*' && token !== given[at])) return false;
  }
  return wanted.length === given.length;
}
