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

/** One list for each address of `trust`, sorted by it. */
export function permissionsOf(deployment: string, trust: Readonly<Record<string, string>>): Permissions[] {
  return Object.entries(trust)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, publicKey]) => ({
      publicKey,
      publish: [
        `mpc.${deployment}.*.${address}.>`,
        ...VOTER_VERBS.map((verb) => `mpc.${deployment}.*.voter.${verb}.*`),
        ...readingLog(deployment),
        ...(address === 'coordinator' ? keepingLog(deployment) : []),
      ],
      subscribe: [`mpc.${deployment}.${address}.>`, `${inboxOf(address as Address)}.>`], // trust is by address
    }));
}

function readingLog(deployment: string): string[] {
  const stream = subjects.logStream(deployment);
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  ];
}

/** Neither deleting it nor anything in it. */
function keepingLog(deployment: string): string[] {
  const stream = subjects.logStream(deployment);
  return [subjects.log(deployment), `$JS.API.STREAM.CREATE.${stream}`, `$JS.API.STREAM.UPDATE.${stream}`];
}
