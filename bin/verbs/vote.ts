/**
 * Owns `mpc vote`: a voter's ballot, or with --random those of many test voters, to all servers that answer. The receipt says which.
 * Must never keep or print what was chosen.
 */

import type { Choice } from '../../src/ballot/election-type.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { type RandomSource, systemRandom } from '../../src/base/random.ts';
import { MOST_IN_MESSAGE } from '../../src/box/intake.ts';
import {
  type Answered,
  castBallot,
  fetchElection,
  handIn,
  type VotersElection,
  type VotingPlace,
} from '../../src/box/voting.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess, givenBrokers } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig } from '../../src/config/role-config.ts';
import type { Credential } from '../../src/election/credential.ts';
import type { ElectionDescriptor } from '../../src/election/descriptor.ts';
import type { Receipt } from '../../src/election/receipts.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { readCredentials } from '../local/credentials.ts';
import { ProgressBar } from '../local/election-print.ts';

export interface VoteOptions {
  readonly credential: string;
  readonly choice: readonly string[];
  readonly random?: number;
  readonly config?: string;
  readonly deployment: string;
  readonly nats: string;
  readonly json?: boolean;
}

const CONNECT_MS = 5_000;
/** Bytes of envelopes in one message to a server. */
const MESSAGE_BYTES = LIMITS.messageBytes / 4;
/** Messages under way: the servers work while the next ones are made. */
const UNDER_WAY = 3;

export async function vote(options: VoteOptions): Promise<void> {
  const credentials = readCredentials(options.credential);
  const [first] = credentials;
  if (first === undefined)
    throw new MpcError('credential.malformed', 'the credential file is empty', {
      place: { file: options.credential },
      exitCode: EXIT.badData,
    });
  const config = options.config === undefined ? undefined : loadRoleConfig(options.config, {}, process.env);
  const { deployment } = config ?? options;
  const bus = await connectNats({
    ...brokerAccess(config ?? { nats: givenBrokers(options.nats) }),
    // Ballots say themselves whose they are: whoever carries them logs in where the broker asks for it.
    ...(config === undefined
      ? { name: 'mpc-vote' }
      : { name: addressOf(config), identity: loadIdentity(config.key) }),
    connectTimeoutMs: CONNECT_MS,
  });
  try {
    const place = { bus, deployment };
    const election = await fetchElection(place, first.election);
    if (options.random === undefined)
      return await voteOnce(
        place,
        election,
        first,
        choiceOf(election.descriptor, options.choice),
        options.json === true,
      );
    const voters = credentials.slice(0, options.random);
    const bar = new ProgressBar(voters.length, 'ballots');
    const cast = await voteMany(place, election, voters, (done) => bar.show(done));
    if (options.json === true) {
      const { accepted, refused, least } = cast;
      process.stdout.write(
        `${JSON.stringify({ election: election.id, accepted, refused, leastServers: least })}\n`,
      );
      return;
    }
    process.stdout.write(
      `${cast.accepted} ballots are with ${cast.least === 3 ? 'all three servers' : `${cast.least} servers or more`}${cast.refused > 0 ? `, ${cast.refused} were refused` : ''}\n`,
    );
  } finally {
    await bus.close();
  }
}

async function voteOnce(
  place: VotingPlace,
  election: VotersElection,
  credential: Credential,
  choice: Choice,
  json: boolean,
): Promise<void> {
  const { tracker, answers } = await castBallot(
    place,
    election,
    credential,
    Date.now(),
    choice,
    systemRandom,
  );
  const holders = answers.filter((one) => 'value' in one && one.value.held.includes(tracker));
  const refusals = answers.flatMap(refusalsIn);
  if (holders.length === 0)
    throw (
      refusals[0]?.error ??
      new MpcError('election.not-taken', 'no server took the ballot', { exitCode: EXIT.unavailable })
    );
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ election: election.id, tracker, answers: answers.map(plainOf) })}\n`,
    );
    return;
  }
  process.stdout.write(`your tracker: ${tracker}\n`);
  process.stdout.write(`held by ${holders.map(({ server }) => server).join(', ')} (signed)\n`);
  for (const { server, error } of refusals)
    process.stdout.write(
      `${server}: ${error.message} [${error.code}]; it will get the ballot from the others\n`,
    );
}

function refusalsIn(answer: Answered<Receipt>): { readonly server: string; readonly error: MpcError }[] {
  if ('error' in answer) return [{ server: answer.server, error: answer.error }];
  return answer.value.refused.map(({ error: { code, message, hint } }) => ({
    server: answer.server,
    error: MpcError.from({ code, message, ...(hint === undefined ? {} : { hint }) }, EXIT.protocol),
  }));
}

const plainOf = (answer: Answered<Receipt>): object =>
  'error' in answer ? { server: answer.server, error: answer.error.report() } : answer.value;

/** What became of many ballots. */
export interface ManyCast {
  readonly accepted: number;
  readonly refused: number;
  /** How many servers hold each accepted ballot, at least. */
  readonly least: number;
  /** What was chosen, in the voters' order: of test voters only. */
  readonly choices: readonly Choice[];
  readonly bytes: number;
}

/** One random ballot each. `onProgress`: how many have receipts. */
export async function voteMany(
  place: VotingPlace,
  election: VotersElection,
  voters: readonly Credential[],
  onProgress: (done: number) => void,
  onCast: (envelope: Uint8Array) => void = () => {},
): Promise<ManyCast> {
  const { caster, descriptor } = election;
  const choices: Choice[] = [];
  const underWay = new Set<Promise<void>>();
  let [accepted, refused, least, done, bytes] = [0, 0, 3, 0, 0];
  const send = (envelopes: readonly Uint8Array[]): void => {
    const sent = handIn(place, election, Buffer.concat(envelopes)).then((answers) => {
      const holders = new Map<string, number>();
      for (const answer of answers)
        if ('value' in answer)
          for (const tracker of answer.value.held) holders.set(tracker, (holders.get(tracker) ?? 0) + 1);
      accepted += holders.size;
      refused += envelopes.length - holders.size;
      least = Math.min(least, ...holders.values());
      done += envelopes.length;
      onProgress(done);
    });
    underWay.add(sent);
    void sent.finally(() => underWay.delete(sent));
  };
  let message: Uint8Array[] = [];
  for (const { voter, identity } of voters) {
    const choice = randomChoice(descriptor, systemRandom);
    choices.push(choice);
    const envelope = caster.cast(voter, identity, Date.now(), choice, systemRandom);
    bytes = envelope.length;
    onCast(envelope);
    message.push(envelope);
    if (message.length < MOST_IN_MESSAGE && (message.length + 1) * bytes <= MESSAGE_BYTES) continue;
    while (underWay.size >= UNDER_WAY) await Promise.race(underWay);
    send(message);
    message = [];
    // What is sent leaves before the next ones are made.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (message.length > 0) send(message);
  await Promise.all(underWay);
  return { accepted, refused, least, choices, bytes };
}

function randomChoice({ type, labels }: ElectionDescriptor, random: RandomSource): Choice {
  const below = (bound: number): number => Buffer.from(random(4)).readUInt32BE() % bound;
  switch (type.kind) {
    case 'yesNo':
      return below(2) === 1;
    case 'oneOf':
      return below(labels.length);
    case 'approval': {
      const marks = new Array<boolean>(labels.length).fill(false);
      for (let mark = below(type.most + 1); mark > 0; mark--) marks[below(labels.length)] = true;
      return marks;
    }
    case 'score':
      return labels.map(() => below(type.max + 1));
  }
}

/** Reads what was given with --choice. Throws `usage.choice`. */
function choiceOf({ type, labels }: ElectionDescriptor, given: readonly string[]): Choice {
  const optionOf = (text: string): number => {
    const at = labels.indexOf(text);
    if (at < 0) throw badChoice(`${JSON.stringify(text)} is none of ${labels.slice(0, 20).join(', ')}`);
    return at;
  };
  const [only, ...more] = given;
  switch (type.kind) {
    case 'yesNo':
    case 'oneOf': {
      if (only === undefined || more.length > 0) throw badChoice('exactly one option can be chosen');
      return type.kind === 'yesNo' ? optionOf(only) === 1 : optionOf(only);
    }
    case 'approval': {
      const marked = given.map(optionOf);
      return labels.map((_, at) => marked.includes(at));
    }
    case 'score': {
      const points = new Map(
        given.map((text) => {
          const at = text.lastIndexOf('=');
          const score = Number(text.slice(at + 1));
          if (at < 0 || !Number.isInteger(score)) throw badChoice(`${JSON.stringify(text)} gives no points`);
          return [optionOf(text.slice(0, at)), score] as const;
        }),
      );
      return labels.map((_, at) => points.get(at) ?? 0);
    }
  }
}

const badChoice = (message: string): MpcError =>
  new MpcError('usage.choice', message, {
    hint: 'write --choice LABEL, once for each option; with points --choice LABEL=3',
    exitCode: EXIT.usage,
  });
