/**
 * Owns `mpc election create|eligible|open|close|cancel|status|tally|receipt`: what a registrar says, and what everybody may read.
 * Must never combine fragments that the log does not hold for one root.
 */
import { existsSync, readFileSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { askStanding, fetchElection } from '../../src/box/voting.ts';
import {
  buildElection,
  ELECTION_SERVERS,
  type ElectionType,
  electionDigest,
  electionId,
} from '../../src/election/descriptor.ts';
import { stateOfLife } from '../../src/election/life.ts';
import { combineFragments, resultLines } from '../../src/election/result.ts';
import { packVoters, VOTERS_PER_COMMAND, votersRoot } from '../../src/election/voters.ts';
import { electionWaiting } from '../../src/election/waiting.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';
import { makeCredentials, writeCredentials } from '../local/credentials.ts';
import { type ElectionLog, type LogOptions, withElectionLog } from '../local/election-log.ts';
import { barChart, electionText } from '../local/election-print.ts';
import { screenOf } from '../local/screen.ts';

const HOUR_MS = 3_600_000;

export interface ElectionOptions extends LogOptions {
  readonly json?: boolean;
}

export interface CreateOptions extends ElectionOptions {
  readonly title: string;
  readonly type: string;
  readonly option: readonly string[];
  readonly most?: number;
  readonly max?: number;
  readonly hours: number;
}

export function create(options: CreateOptions): Promise<void> {
  return withElectionLog(options, async (log) => {
    const descriptor = buildElection({
      random: systemRandom,
      deployment: log.config.deployment,
      title: options.title,
      type: typeOf(options),
      labels: options.type === 'yesNo' && options.option.length === 0 ? ['no', 'yes'] : options.option,
      registrar: log.registrar,
      keys: log.config.trust,
      deadlineMs: Date.now() + options.hours * HOUR_MS,
    });
    await log.say({ kind: 'election.create', descriptor });
    const id = electionId(electionDigest(descriptor));
    answer(options, { election: id }, id);
  });
}

/** Adds voters: the public keys of a file, or new credentials for a test election. */
export function eligible(
  id: string,
  options: ElectionOptions & { readonly voters?: string; readonly make?: number; readonly out?: string },
): Promise<void> {
  return withElectionLog(options, async (log) => {
    const { election } = log.election(id);
    const keys =
      options.voters === undefined ? madeKeys(id, election.voters, options) : readKeys(options.voters);
    for (let at = 0; at < keys.length; at += VOTERS_PER_COMMAND)
      await log.say({
        kind: 'election.eligible',
        election: id,
        from: election.voters + at,
        keys: packVoters(keys.slice(at, at + VOTERS_PER_COMMAND)),
      });
    const voters = election.voters + keys.length;
    answer(options, { election: id, voters }, `${voters} voters`);
  });
}

export function open(id: string, options: ElectionOptions): Promise<void> {
  return withElectionLog(options, async (log) => {
    log.election(id);
    await log.follower.until(
      () =>
        stateOfLife(log.election(id).election.life) !== 'draft.waitingForServers' &&
        stateOfLife(log.election(id).election.life) !== 'draft.waitingForKeys',
      AbortSignal.timeout(HOUR_MS),
    );
    const voters = log.view.voters(id);
    await log.say({ kind: 'election.open', election: id, voters: voters.length, root: votersRoot(voters) });
    answer(options, { election: id, voters: voters.length }, `open for ${voters.length} voters`);
  });
}

export function close(id: string, options: ElectionOptions): Promise<void> {
  return withElectionLog(options, async (log) => {
    log.election(id);
    await log.say({ kind: 'election.close', election: id });
    answer(options, { election: id, state: 'closing' }, 'closing');
  });
}

export function cancel(id: string, options: ElectionOptions): Promise<void> {
  return withElectionLog(options, async (log) => {
    log.election(id);
    await log.say({ kind: 'election.cancel', election: id });
    answer(options, { election: id, state: 'cancelled' }, 'cancelled');
  });
}

export function status(id: string | undefined, options: ElectionOptions): Promise<void> {
  return withElectionLog(options, async (log) => {
    const shown = id === undefined ? log.view.elections() : [log.election(id).election];
    if (options.json === true) {
      const plain = shown.map((election) => ({
        id: election.id,
        title: log.view.descriptor(election.id)?.title,
        state: stateOfLife(election.life),
        voters: election.voters,
        ballots: election.ballots,
        progress: election.progress,
        waiting: electionWaiting(election),
        reason: election.life.context.reason,
      }));
      process.stdout.write(`${JSON.stringify(plain)}\n`);
    } else if (shown.length === 0) process.stdout.write('no elections\n');
    else for (const { id: one } of shown) process.stdout.write(`${textOf(log, one)}\n`);
  });
}

/** Adds the three fragments up, here, and draws the result. */
export function tally(id: string, options: ElectionOptions): Promise<void> {
  return withElectionLog(options, async (log) => {
    const { election, descriptor } = log.election(id);
    const { fragments, seals, reason } = election.life.context;
    if (reason !== null) throw MpcError.from(reason);
    const counted = seals[ELECTION_SERVERS[0]]?.counted ?? 0;
    const inOrder = ELECTION_SERVERS.map((server) => fragments[server] ?? '');
    const sums = election.status === 'published' ? combineFragments(descriptor, inOrder, counted) : undefined;
    if (sums === undefined)
      throw new MpcError(
        'election.no-tally',
        `there is no tally yet: the election is ${stateOfLife(election.life)}`,
        {
          hint: electionWaiting(election).join('; ') || 'the registrar closes it, or its deadline does',
          exitCode: EXIT.temporary,
        },
      );
    const lines = resultLines(descriptor, sums, counted);
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({ election: id, counted, root: seals['server-a']?.root, result: lines })}\n`,
      );
    else
      process.stdout.write(
        `${descriptor.title}\n\n${barChart(lines, descriptor.type.kind === 'score' ? 0 : counted, screenOf(process.stdout, process.env).columns)}\n\n${counted} ballots counted\n`,
      );
  });
}

/** Asks every server where a ballot stands. */
export function receipt(
  tracker: string,
  options: ElectionOptions & { readonly election: string },
): Promise<void> {
  return withElectionLog(options, async (log) => {
    const place = { bus: log.bus, deployment: log.config.deployment };
    const election = await fetchElection(place, options.election);
    const answers = await askStanding(place, election, tracker);
    const plain = answers.map((answer) =>
      'error' in answer
        ? { server: answer.server, state: 'silent', reason: answer.error.code }
        : answer.value,
    );
    if (options.json === true) process.stdout.write(`${JSON.stringify(plain)}\n`);
    else
      for (const said of plain) {
        const position =
          'position' in said && said.position !== undefined ? ` at position ${said.position}` : '';
        const reason = said.reason === undefined ? '' : ` (${said.reason})`;
        process.stdout.write(`${said.server}  ${said.state}${position}${reason}\n`);
      }
  });
}

function answer({ json }: ElectionOptions, value: object, text: string): void {
  process.stdout.write(`${json === true ? JSON.stringify(value) : text}\n`);
}

function textOf(log: ElectionLog, id: string): string {
  const { election, descriptor } = log.election(id);
  return electionText(election, descriptor);
}

function typeOf({ type, most, max }: CreateOptions): ElectionType {
  switch (type) {
    case 'yesNo':
    case 'oneOf':
      return { kind: type };
    case 'approval':
      return { kind: 'approval', most: most ?? 1 };
    case 'score':
      return { kind: 'score', max: max ?? 5 };
    default:
      throw new MpcError('usage.type', `${JSON.stringify(type)} is no type of election`, {
        hint: 'yesNo, oneOf, approval or score',
        exitCode: EXIT.usage,
      });
  }
}

function madeKeys(
  id: string,
  from: number,
  { make, out }: { readonly make?: number; readonly out?: string },
): Uint8Array[] {
  if (make === undefined || out === undefined)
    throw new MpcError('usage.voters', 'no voters are given', {
      hint: 'give --voters FILE with a public key a line, or for a test election --make COUNT --out FILE',
      exitCode: EXIT.usage,
    });
  if (existsSync(out))
    throw new MpcError('credential.exists', `${out} is there already`, {
      hint: 'credentials are never overwritten: choose another name',
      place: { file: out },
      exitCode: EXIT.ioError,
    });
  const { credentials, lines } = makeCredentials(id, from, make, systemRandom);
  writeCredentials(out, lines);
  return credentials.map(({ identity }) => decodePublicKey(identity.publicKey));
}

function readKeys(file: string): Uint8Array[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return [];
    try {
      return [decodePublicKey(line.trim())];
    } catch {
      throw new MpcError('voters.malformed', 'this line is no public key', {
        hint: 'a public key is U and 55 of A-Z and 2-7, one a line',
        place: { file, line: at + 1 },
        exitCode: EXIT.badData,
      });
    }
  });
}
