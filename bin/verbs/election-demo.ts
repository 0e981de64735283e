/**
 * Owns `mpc election demo`: a whole election on this machine, each server a process of its own, over a real broker; then its record
 * checked, and the result compared with a plain count of what the test voters chose.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { electionChart } from '../../roles/election.ts';
import type { Choice } from '../../src/ballot/election-type.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { fetchElection } from '../../src/box/voting.ts';
import { SignatureMemo } from '../../src/election/box-memory.ts';
import {
  buildElection,
  type ElectionType,
  electionDigest,
  electionId,
} from '../../src/election/descriptor.ts';
import { readEnvelope } from '../../src/election/envelope.ts';
import { stateOfLife } from '../../src/election/life.ts';
import { checkRecord } from '../../src/election/record.ts';
import { packVoters, VOTERS_PER_COMMAND, votersRoot } from '../../src/election/voters.ts';
import { electionWaiting } from '../../src/election/waiting.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';
import { makeCredentials } from '../local/credentials.ts';
import { type Deployment, openDeployment, writeConfig } from '../local/deployment.ts';
import { ElectionLog } from '../local/election-log.ts';
import { barChart, ProgressBar } from '../local/election-print.ts';
import { interruption } from '../local/interruption.ts';
import { ownBroker } from '../local/own-broker.ts';
import { Processes } from '../local/processes.ts';
import type { RunWatch } from '../local/run-watch.ts';
import { screenOf } from '../local/screen.ts';
import { recordOf } from './election-record.ts';
import { voteMany } from './vote.ts';

export interface DemoOptions {
  readonly voters: number;
  readonly options: number;
  readonly type: string;
  readonly natsServer?: string;
  readonly keep?: boolean;
  readonly inspect?: boolean;
  readonly record?: string;
  readonly json?: boolean;
}

const REGISTRAR = 'registrar';
const HOUR_MS = 3_600_000;
const PATIENCE_MS = 600_000;

export async function demo(options: DemoOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-election-'));
  const logs = join(directory, 'logs');
  mkdirSync(logs, { recursive: true });
  const { signal, asked, over } = interruption('demo');
  const broker = await ownBroker(directory, options.natsServer);
  const processes = new Processes(resolve(process.argv[1] ?? 'mpc'), logs);
  let watch: RunWatch | undefined;
  try {
    const opened = openDeployment(directory, 'demo', [broker.url], [REGISTRAR], systemRandom);
    const isWatched = options.inspect === true || options.record !== undefined;
    const deployment: Deployment = { ...opened, ...(isWatched ? { inspect: 'coordinator' } : {}) };
    watch = isWatched
      ? await (await import('../local/run-watch.ts')).watchRun(deployment, options)
      : undefined;
    for (const service of ['coordinator', 'server-a', 'server-b', 'server-c'] as const)
      processes.start(service, writeConfig(deployment, service));
    await Promise.race([hold(deployment, options, signal), processes.firstFailure(), asked()]);
    await watch?.stay(signal);
  } finally {
    over();
    await processes.stop();
    await watch?.stop();
    await broker.stop();
    if (options.keep === true) process.stderr.write(`kept: ${directory}\n`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

async function hold(deployment: Deployment, options: DemoOptions, ends: AbortSignal): Promise<void> {
  const config = writeConfig(deployment, `party-${REGISTRAR}`, { party: REGISTRAR });
  const memo = new SignatureMemo();
  const log = await ElectionLog.open({ config }, memo);
  const signal = AbortSignal.any([ends, AbortSignal.timeout(PATIENCE_MS)]);
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const descriptor = buildElection({
      random: systemRandom,
      deployment: deployment.name,
      title: 'A demonstration',
      type: typeOf(options),
      labels:
        options.type === 'yesNo'
          ? ['no', 'yes']
          : Array.from({ length: options.options }, (_, at) => `option ${at + 1}`),
      registrar: REGISTRAR,
      keys: deployment.trust,
      deadlineMs: Date.now() + HOUR_MS,
    });
    const id = electionId(electionDigest(descriptor));
    const until = async (states: readonly string[]): Promise<void> => {
      await log.follower.until(() => {
        const { life } = log.view.election(id) ?? {};
        if (life?.context.reason) throw MpcError.from(life.context.reason);
        return life !== undefined && states.includes(stateOfLife(life));
      }, signal);
    };
    await log.say({ kind: 'election.create', descriptor });
    const { credentials } = makeCredentials(id, 0, options.voters, systemRandom);
    const keys = credentials.map(({ identity }) => decodePublicKey(identity.publicKey));
    for (let at = 0; at < keys.length; at += VOTERS_PER_COMMAND)
      await log.say({
        kind: 'election.eligible',
        election: id,
        from: at,
        keys: packVoters(keys.slice(at, at + VOTERS_PER_COMMAND)),
      });
    note(`election ${id}: ${options.voters} voters listed; the servers make their keys`);
    await until(['draft.prepared']);
    await log.say({ kind: 'election.open', election: id, voters: keys.length, root: votersRoot(keys) });
    const place = { bus: log.bus, deployment: deployment.name, patienceMs: 60_000 };
    const election = await fetchElection(place, id);
    const startedMs = performance.now();
    const bar = new ProgressBar(options.voters, 'ballots');
    const cast = await voteMany(
      place,
      election,
      credentials,
      (done) => bar.show(done),
      (envelope) => memo.note(id, readEnvelope(election.type.sizes, envelope)),
    );
    const castMs = performance.now() - startedMs;
    note(
      `${cast.accepted} ballots of ${cast.bytes} bytes cast in ${(castMs / 1000).toFixed(2)} s, held by ${cast.least} servers at least`,
    );
    await log.say({ kind: 'election.close', election: id });
    const shown = log.follower.onEntry(() => {
      const now = log.view.election(id);
      if (now?.status === 'closing') note(`${stateOfLife(now.life)}: ${electionWaiting(now).join('; ')}`);
    });
    await until(['published']);
    shown.unsubscribe();
    const totalMs = performance.now() - startedMs;
    const lines = await recordOf(log, id);
    const bytes = new TextEncoder().encode(lines.join(''));
    const checkedMs = performance.now();
    const checked = checkRecord(bytes, deployment.trust[`party-${REGISTRAR}`] ?? '', electionChart);
    const verifyMs = performance.now() - checkedMs;
    const plain = plainCount(election.descriptor.labels.length, cast.choices);
    const isEqual = checked.result.every(({ sum }, at) => sum === plain[at]);
    const rate = cast.accepted / (totalMs / 1000);
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({ election: id, ...checked, descriptor: undefined, plain, isEqual, envelopeBytes: cast.bytes, castMs, totalMs, ballotsPerSecond: rate, recordBytes: bytes.length })}\n`,
      );
    else
      process.stdout.write(
        [
          '',
          barChart(
            checked.result,
            options.type === 'score' ? 0 : checked.counted,
            screenOf(process.stdout, process.env).columns,
          ),
          '',
          `${checked.counted} ballots counted, ${checked.rejected} rejected; root ${checked.root}`,
          `cast, verified by three servers and tallied in ${(totalMs / 1000).toFixed(2)} s: ${rate.toFixed(0)} ballots a second`,
          `the record (${lines.length} signed commands, ${bytes.length} bytes) holds, checked in ${(verifyMs / 1000).toFixed(2)} s`,
          isEqual ? 'the result equals the plain count' : 'THE RESULT DIFFERS FROM THE PLAIN COUNT',
          '',
        ].join('\n'),
      );
    if (!isEqual)
      throw new MpcError('election.wrong-result', `the plain count is ${plain.join(', ')}`, {
        exitCode: EXIT.software,
      });
  } finally {
    await log.close();
  }
}

function typeOf({ type, options }: DemoOptions): ElectionType {
  if (type === 'yesNo' || type === 'oneOf') return { kind: type };
  if (type === 'approval') return { kind: 'approval', most: Math.max(1, Math.floor(options / 2)) };
  if (type === 'score') return { kind: 'score', max: 5 };
  throw new MpcError('usage.type', `${JSON.stringify(type)} is no type of election`, {
    hint: 'yesNo, oneOf, approval or score',
    exitCode: EXIT.usage,
  });
}

/** What counting in the open gives: one number an option. */
export function plainCount(options: number, choices: readonly Choice[]): number[] {
  const sums = new Array<number>(options).fill(0);
  for (const choice of choices) {
    const marks =
      typeof choice === 'boolean'
        ? [choice ? 0 : 1, choice ? 1 : 0]
        : typeof choice === 'number'
          ? sums.map((_, at) => (at === choice ? 1 : 0))
          : choice.map(Number);
    marks.forEach((mark, at) => {
      sums[at] = (sums[at] ?? 0) + mark;
    });
  }
  return sums;
}
