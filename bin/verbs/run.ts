/**
 * Owns `mpc run`: the main job on one machine. It checks the rows, starts a broker and every role as a process of its
 * own, waits for the result, prints it, and ends what it started. It sees what the roles see in the log, nothing more;
 * the answer comes from the output party's own result file.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { checkName } from '../../src/bus/subjects.ts';
import { brokerAccess, givenBrokers } from '../../src/config/brokers.ts';
import { collaborationChange } from '../../src/coordination/collaborations.ts';
import { collaborationId, type Descriptor, descriptorDigest } from '../../src/coordination/descriptor.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import type { ResultFile } from '../../src/duties/client-duties.ts';
import { comparisonsOf } from '../../src/plan/choose.ts';
import { declaredOf } from '../../src/programs/compile.ts';
import { participantChapters } from '../compose/chapters.ts';
import { brokerThere } from '../local/broker-there.ts';
import { type Described, describeCollaboration } from '../local/collaboration.ts';
import { type Deployment, openDeployment, SERVICES, writeConfig } from '../local/deployment.ts';
import { checkFiles, type PartyFile } from '../local/inputs.ts';
import { interruption } from '../local/interruption.ts';
import { ProgressTail } from '../local/log-tail.ts';
import { ownBroker } from '../local/own-broker.ts';
import { PhaseTimes } from '../local/phase-times.ts';
import { Phases } from '../local/phases.ts';
import { comparisonsText, linesText, proseText, tableText, tapeText, trafficText } from '../local/print.ts';
import { Processes } from '../local/processes.ts';
import { readProgram } from '../local/program-file.ts';
import { roundTripThrough } from '../local/round-trip.ts';
import { RunPhases } from '../local/run-phases.ts';
import type { RunWatch } from '../local/run-watch.ts';
import { screenOf } from '../local/screen.ts';

export interface RunOptions {
  readonly input: readonly string[];
  readonly output: string;
  readonly rows?: number;
  readonly bits?: boolean;
  readonly minGroup: number;
  readonly nats?: string;
  /** How long a broker of others is waited for, in seconds. */
  readonly brokerWait: number;
  readonly natsServer?: string;
  readonly roundTrip?: number;
  readonly simulateRtt?: number;
  readonly keep?: boolean;
  readonly inspect?: boolean;
  readonly record?: string;
  readonly json?: boolean;
}

const HOUR_MS = 3_600_000;

export async function run(queryFile: string, options: RunOptions): Promise<void> {
  const startedMs = Date.now();
  const given = options.nats ?? process.env.NATS_URL;
  const urls = given === undefined ? undefined : givenBrokers(given);
  const program = await readProgram(queryFile, options);
  const declared = await declaredOf(program);
  const outputs = declared.form === 'plan' ? declared.receivers : [checkName('party', options.output)];
  const files = await checkFiles(declared, options.input, options.rows);
  const directory = mkdtempSync(join(tmpdir(), 'mpc-run-'));
  const { signal, over } = interruption('run');
  const broker = urls === undefined ? await ownBroker(directory, options.natsServer) : undefined;
  const logs = join(directory, 'logs');
  mkdirSync(logs, { recursive: true });
  const processes = new Processes(resolve(process.argv[1] ?? 'mpc'), logs);
  let watch: RunWatch | undefined;
  try {
    if (urls !== undefined) await brokerOfOthers(urls, options.brokerWait, signal);
    const name = `run-${Buffer.from(systemRandom(6)).toString('hex')}`;
    const parties = [...new Set([...files.map(({ party }) => party), ...outputs])];
    const { simulateRtt } = options;
    const opened = openDeployment(directory, name, urls ?? [broker?.url ?? ''], parties, systemRandom);
    const isWatched = options.inspect === true || options.record !== undefined;
    const deployment: Deployment = {
      ...opened,
      ...(simulateRtt === undefined ? {} : { simulateRoundTripMs: simulateRtt }),
      ...(isWatched ? { inspect: 'coordinator' } : {}),
    };
    watch = isWatched
      ? await (await import('../local/run-watch.ts')).watchRun(deployment, options)
      : undefined;
    const wanted = options.roundTrip ?? simulateRtt;
    const roundTripMs = wanted ?? (urls === undefined ? 0 : await roundTripThrough(urls, signal));
    const described = await describeCollaboration({
      program,
      inputs: files.map(({ party, table, maxRows }) => ({ party, table, maxRows })),
      outputs,
      minGroupSize: options.minGroup,
      roundTripMs,
      keys: deployment.trust,
      deadlineMs: Date.now() + HOUR_MS,
    });
    if (options.json !== true)
      process.stdout.write(
        `${proseText(described.query.disclosure, screenOf(process.stdout, process.env))}\n\n`,
      );
    const resultFiles = startRoles(deployment, processes, described.descriptor, files);
    const phases = phasesOf(described, files, parties.length + SERVICES.length, join(logs, 'server-a.log'));
    const shown = new Phases({
      stream: process.stderr,
      screen: screenOf(process.stderr, process.env),
      clock: systemClock,
      phases: () => phases.phases(),
    });
    shown.say(
      `plan: ${described.cost.rounds} rounds, ${trafficText(described.cost)}, ${tapeText(described.cost)}`,
    );
    shown.say(comparisonsText(comparisonsOf(described.query.plan), roundTripMs));
    shown.start();
    let finished: PhaseTimes;
    try {
      finished = await Promise.race([
        follow(deployment, described.descriptor, phases, signal),
        processes.firstFailure(),
      ]);
    } catch (error) {
      phases.fail();
      throw error;
    } finally {
      shown.stop();
    }
    const results = resultFiles.map(
      ({ party, file }): Received => ({
        party,
        result: JSON.parse(readFileSync(file, 'utf8')) as ResultFile, // our own client wrote it just now
      }),
    );
    print(results, described, finished, startedMs, options.json === true);
    await watch?.stay(signal);
  } finally {
    over();
    await processes.stop();
    await watch?.stop();
    await broker?.stop();
    if (options.keep === true) process.stderr.write(`kept: ${directory}\n`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** Roles wait for their broker for ever; whoever types this would rather hear that it is not there. */
const brokerOfOthers = (urls: readonly string[], waitS: number, signal: AbortSignal): Promise<void> =>
  brokerThere({
    urls,
    waitMs: waitS * 1000,
    signal,
    meanwhile: `waiting ${waitS} s for it; Ctrl-C ends that`,
    say: (sentence) => process.stderr.write(`${sentence}\n`),
  });

/** Starts every role; returns where each output party will write its result. */
function startRoles(
  deployment: Deployment,
  processes: Processes,
  descriptor: Descriptor,
  files: readonly PartyFile[],
): { party: string; file: string }[] {
  const path = join(deployment.directory, 'descriptor.json');
  writeFileSync(path, JSON.stringify(descriptor));
  for (const service of SERVICES) processes.start(service, writeConfig(deployment, service));
  const approve = [descriptorDigest(descriptor)];
  const results = descriptor.outputs.map((party) => ({
    party,
    file: join(deployment.directory, `result-${party}.json`),
  }));
  const [creator] = descriptor.outputs;
  for (const party of new Set([...files.map((file) => file.party), ...descriptor.outputs])) {
    const tables = Object.fromEntries(
      files.filter((file) => file.party === party).map(({ table, file }) => [table, file]),
    );
    const result = results.find((own) => own.party === party)?.file;
    const asOutput = {
      ...(party === creator ? { create: path } : {}),
      ...(result === undefined ? {} : { result }),
    };
    processes.start(
      `party-${party}`,
      writeConfig(deployment, `party-${party}`, { party, approve, tables, once: true, ...asOutput }),
    );
  }
  return results;
}

function phasesOf(
  { cost, estimate, descriptor }: Described,
  files: readonly PartyFile[],
  processes: number,
  log: string,
): RunPhases {
  const { rounds, bytesOnline, bytesTape } = cost;
  const figures = { processes, parties: files, outputs: descriptor.outputs, ...estimate };
  const tail = new ProgressTail(log);
  return new RunPhases({ ...figures, rounds, bytesOnline, bytesTape }, systemClock, () => tail.read());
}

/** Shows what everyone can see in the log until the result has been received. Throws the collaboration's own reason. */
async function follow(
  deployment: Deployment,
  descriptor: Descriptor,
  phases: RunPhases,
  signal: AbortSignal,
): Promise<PhaseTimes> {
  const bus = await connectNats({ ...brokerAccess(deployment), name: 'mpc-run', signal });
  const id = collaborationId(descriptorDigest(descriptor));
  const times = new PhaseTimes();
  let follower: Follower | undefined;
  try {
    follower = await followLog({
      bus,
      deployment: deployment.name,
      trust: deployment.trust,
      chapters: participantChapters(deployment.trust),
      onApplied: (applied) => {
        const change = collaborationChange(applied);
        if (change?.collaboration.id !== id) return;
        times.note(applied);
        phases.note(change.collaboration);
      },
    });
    await follower.until((log) => {
      const collaboration = log.collaboration(id);
      if (collaboration === undefined) return false;
      const { reason, received, outputs } = collaboration.lifecycle.context;
      if (reason !== undefined) throw MpcError.from(reason);
      if (collaboration.status === 'expired' || collaboration.status === 'cancelled')
        throw new MpcError(
          `collaboration.${collaboration.status}`,
          `the collaboration was ${collaboration.status}`,
        );
      return outputs.every((party) => received.includes(party));
    }, signal);
    return times;
  } finally {
    follower?.stop();
    await bus.close();
  }
}

/** What one output party has received. */
interface Received {
  readonly party: string;
  readonly result: ResultFile;
}

function print(
  received: readonly Received[],
  { cost, query, estimate, descriptor }: Described,
  times: PhaseTimes,
  startedMs: number,
  json: boolean,
): void {
  const seconds = { ...times.seconds(), total: (Date.now() - startedMs) / 1000 };
  const { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA } = cost;
  const { roundTripMs } = descriptor;
  const planned = { roundTripMs, comparisons: comparisonsOf(query.plan), estimate };
  const stats = { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA, ...planned, seconds };
  const named = received.length > 1;
  if (json) {
    const answers = received.map(({ party, result: { table } }) => ({
      ...(named ? { party } : {}),
      columns: table.columns.map(({ name }) => name),
      rows: table.rows,
    }));
    const answer = named ? { results: answers } : answers[0];
    const collaboration = received[0]?.result.collaboration;
    process.stdout.write(
      `${JSON.stringify({ collaboration, ...answer, disclosure: query.disclosure, stats })}\n`,
    );
    return;
  }
  for (const { party, result } of received) {
    const text =
      query.form === 'bits'
        ? linesText(result.table)
        : tableText(result.table, screenOf(process.stdout, process.env));
    process.stdout.write(`${named ? `${party}:\n` : ''}${text}\n`);
  }
  const took = `dealt in ${seconds.deal.toFixed(2)} s, uploaded in ${seconds.upload.toFixed(2)} s, computed in ${seconds.compute.toFixed(2)} s, ${seconds.total.toFixed(2)} s in all`;
  process.stderr.write(`${proseText([took], screenOf(process.stderr, process.env))}\n`);
}
