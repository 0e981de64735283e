/**
 * Owns who may say and hear what at the broker: one permission list for each enrolled key, by the grammar of subjects.ts.
 * Must never let anyone speak under another's name, read what is another's, or take away from the log.
 *
 * Whoever is `me` publishes below `mpc.<deployment>.*.<me>.` and hears below `mpc.<deployment>.<me>.`; answers come to its own
 * inbox, and it may answer what it was asked. Everyone reads the log; coordinators alone append to it and make it. Everyone may
 * carry ballots, also others': a ballot says itself whose it is, and a coordinator takes them over HTTP from voters without a key here.
 */
import { inboxOf } from './nats.ts';
import { type Address, type ElectionVerb, subjects } from './subjects.ts';

/** What one key may do; subjects as in NATS, `*` and `>` included. */
export interface Permissions {
  readonly publicKey: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** What is said in the name of voters. */
const VOTER_VERBS: readonly ElectionVerb[] = ['ballots', 'ask'];

/**
 * One list for each address of `trust`, sorted by it. `domain`: the name of the log's brokers at a broker that keeps no log itself and
 * hands what is asked of it on to those (its mapping of `$JS.API.>` comes before its permissions).
 */
export function permissionsOf(
  deployment: string,
  trust: Readonly<Record<string, string>>,
  domain?: string,
): Permissions[] {
  return Object.entries(trust)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, publicKey]) => ({
      publicKey,
      publish: [
        `mpc.${deployment}.*.${address}.>`,
        ...VOTER_VERBS.map((verb) => `mpc.${deployment}.*.voter.${verb}.*`),
        ...logSubjects(deployment, address, domain),
      ],
      subscribe: [
        `mpc.${deployment}.${address}.>`,
        subjects.entries(subjects.log(deployment)),
        `${inboxOf(address as Address)}.>`, // trust is by address
      ],
    }));
}

/**
 * What the broker of another organisation may pass on, for those who speak through it: all that they may, and answers to what they
 * were asked. A broker that passes on does not know its answers from other messages, so that these are kept apart by the
 * askers' random inboxes only; nobody believes an answer for where it came from.
 */
export function linkPermissions(
  deployment: string,
  publicKey: string,
  trust: Readonly<Record<string, string>>,
  domain: string,
): Permissions {
  const theirs = permissionsOf(deployment, trust, domain);
  const all = (lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())];
  return {
    publicKey,
    publish: [...all(theirs.map(({ publish }) => publish)), '_INBOX.*.>'],
    subscribe: all(theirs.map(({ subscribe }) => subscribe)),
  };
}

function logSubjects(deployment: string, address: string, domain: string | undefined): string[] {
  const here = [...readingLog(deployment), ...(address === 'coordinator' ? keepingLog(deployment) : [])];
  return domain === undefined
    ? here
    : here.map((subject) => subject.replace('$JS.API.', `$JS.${domain}.API.`));
}

function readingLog(deployment: string): string[] {
  const stream = subjects.logStream(deployment);
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.DIRECT.GET.${stream}`];
}

/** Neither deleting it nor anything in it. */
function keepingLog(deployment: string): string[] {
  const stream = subjects.logStream(deployment);
  return [subjects.log(deployment), `$JS.API.STREAM.CREATE.${stream}`, `$JS.API.STREAM.UPDATE.${stream}`];
}
