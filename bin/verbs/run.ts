/**
 * Owns `mpc run`: the main job on one machine. It checks the rows, starts a broker and every role as a process of its
 * own, waits for the result, prints it, and ends what it started. It sees what the roles see in the log, nothing more;
 * the answer comes from the output party's own result file.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { collaborationChart } from '../../roles/collaboration.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { checkName } from '../../src/bus/subjects.ts';
import { collaborationId, type Descriptor, descriptorDigest } from '../../src/coordination/descriptor.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { describeWaiting } from '../../src/coordination/waiting.ts';
import type { ResultFile } from '../../src/duties/client-duties.ts';
import { comparisonsOf } from '../../src/plan/choose.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { declaredTables } from '../../src/sql/compile.ts';
import { parseInput, readQuery } from '../local/arguments.ts';
import { type Described, describeCollaboration } from '../local/collaboration.ts';
import { type Deployment, openDeployment, SERVICES, writeConfig } from '../local/deployment.ts';
import { ownBroker } from '../local/own-broker.ts';
import { PhaseTimes } from '../local/phase-times.ts';
import { comparisonsText, Progress, tableText, tapeText, trafficText } from '../local/print.ts';
import { Processes } from '../local/processes.ts';
import { roundTripThrough } from '../local/round-trip.ts';

export interface RunOptions {
  readonly input: readonly string[];
  readonly output: string;
  readonly rows?: number;
  readonly minGroup: number;
  readonly nats?: string;
  readonly natsServer?: string;
  readonly roundTrip?: number;
  readonly simulateRtt?: number;
  readonly keep?: boolean;
  readonly json?: boolean;
}

interface PartyFile {
  readonly party: string;
  readonly table: string;
  readonly file: string;
  readonly maxRows: number;
}

const HOUR_MS = 3_600_000;

export async function run(queryFile: string, options: RunOptions): Promise<void> {
  const progress = new Progress(options.json !== true || process.stderr.isTTY === true);
  const startedMs = Date.now();
  const sql = readQuery(queryFile);
  checkName('party', options.output);
  const files = await checkInputs(sql, options);
  const directory = mkdtempSync(join(tmpdir(), 'mpc-run-'));
  const over = new AbortController();
  const interrupt = (): void =>
    over.abort(new MpcError('run.interrupted', 'interrupted', { exitCode: EXIT.temporary }));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const url = options.nats ?? process.env.NATS_URL;
  const broker = url === undefined ? await ownBroker(directory, options.natsServer) : undefined;
  const logs = join(directory, 'logs');
  mkdirSync(logs, { recursive: true });
  const processes = new Processes(resolve(process.argv[1] ?? 'mpc'), logs);
  try {
    const name = `run-${Buffer.from(systemRandom(6)).toString('hex')}`;
    const parties = [...new Set([...files.map(({ party }) => party), options.output])];
    const { simulateRtt } = options;
    const opened = openDeployment(directory, name, broker?.url ?? url ?? '', parties, systemRandom);
    const deployment = simulateRtt === undefined ? opened : { ...opened, simulateRoundTripMs: simulateRtt };
    const isOurs = broker !== undefined;
    const given = options.roundTrip ?? simulateRtt;
    const roundTripMs = given ?? (isOurs ? 0 : await roundTripThrough(deployment.nats, over.signal));
    const described = await describeCollaboration({
      sql,
      inputs: files.map(({ party, table, maxRows }) => ({ party, table, maxRows })),
      outputs: [options.output],
      minGroupSize: options.minGroup,
      roundTripMs,
      keys: deployment.trust,
      deadlineMs: Date.now() + HOUR_MS,
    });
    if (options.json !== true) process.stdout.write(`${described.query.disclosure.join('\n')}\n\n`);
    progress.say(
      `plan: ${described.cost.rounds} rounds, ${trafficText(described.cost)}, ${tapeText(described.cost)}`,
    );
    progress.say(comparisonsText(comparisonsOf(described.query.plan), roundTripMs));
    const resultFile = startRoles(deployment, processes, described.descriptor, files, options.output);
    const finished = await Promise.race([
      follow(deployment, described.descriptor, progress, over.signal),
      processes.firstFailure(),
    ]);
    const result = JSON.parse(readFileSync(resultFile, 'utf8')) as ResultFile; // our own client wrote it just now
    print(result, described, finished, startedMs, options.json === true);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    over.abort(new MpcError('run.over', 'the run is over'));
    await processes.stop();
    await broker?.stop();
    if (options.keep === true) process.stderr.write(`kept: ${directory}\n`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** Every party's file is read and checked before anything is started. */
async function checkInputs(sql: string, options: RunOptions): Promise<PartyFile[]> {
  if (options.input.length === 0)
    throw new MpcError('usage.input', 'no party brings rows', {
      hint: 'add --input party=file.csv',
      exitCode: EXIT.usage,
    });
  const tables = await declaredTables(sql);
  const files: PartyFile[] = [];
  for (const text of options.input) {
    const { party, table: named, value: file } = parseInput(text);
    const table = named === undefined ? tables[0] : tables.find(({ name }) => name === named);
    if (table === undefined || (named === undefined && tables.length > 1))
      throw new MpcError(
        'usage.input',
        `${JSON.stringify(text)} does not name one of the tables ${tables.map(({ name }) => name).join(', ')}`,
        {
          hint: 'write --input party:table=file.csv',
          exitCode: EXIT.usage,
        },
      );
    const count = await checkCsv({ party, file, table, maxRows: options.rows });
    files.push({ party, table: table.name, file: resolve(file), maxRows: options.rows ?? roomFor(count) });
  }
  return files;
}

/** A row limit that hides the exact count behind its first two digits. */
function roomFor(count: number): number {
  const step = 10 ** Math.max(1, String(count).length - 2);
  return Math.max(step, Math.ceil(count / step) * step);
}

/** Starts every role; returns where the output party will write the result. */
function startRoles(
  deployment: Deployment,
  processes: Processes,
  descriptor: Descriptor,
  files: readonly PartyFile[],
  output: string,
): string {
  const path = join(deployment.directory, 'descriptor.json');
  const result = join(deployment.directory, 'result.json');
  writeFileSync(path, JSON.stringify(descriptor));
  for (const service of SERVICES) processes.start(service, writeConfig(deployment, service));
  const approve = [descriptorDigest(descriptor)];
  for (const party of new Set([...files.map((file) => file.party), output])) {
    const tables = Object.fromEntries(
      files.filter((file) => file.party === party).map(({ table, file }) => [table, file]),
    );
    const asOutput = party === output ? { create: path, result } : {};
    processes.start(
      `party-${party}`,
      writeConfig(deployment, `party-${party}`, { party, approve, tables, once: true, ...asOutput }),
    );
  }
  return result;
}

/** Shows what everyone can see in the log until the result has been received. Throws the collaboration's own reason. */
async function follow(
  deployment: Deployment,
  descriptor: Descriptor,
  progress: Progress,
  signal: AbortSignal,
): Promise<PhaseTimes> {
  const bus = await connectNats({ servers: deployment.nats, name: 'mpc-run', signal });
  const id = collaborationId(descriptorDigest(descriptor));
  const times = new PhaseTimes();
  let follower: Follower | undefined;
  try {
    follower = await followLog({
      bus,
      deployment: deployment.name,
      trust: deployment.trust,
      chart: collaborationChart,
      onApplied: (applied) => {
        if (applied.collaboration?.id !== id || !applied.outcome.ok) return;
        times.note(applied);
        const { status } = applied.collaboration;
        progress.say(
          `${status}${describeWaiting(applied.collaboration)
            .map((sentence) => `; ${sentence}`)
            .join('')}`,
        );
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

function print(
  result: ResultFile,
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
  if (json) {
    const { collaboration, table } = result;
    const columns = table.columns.map(({ name }) => name);
    process.stdout.write(
      `${JSON.stringify({ collaboration, columns, rows: table.rows, disclosure: query.disclosure, stats })}\n`,
    );
    return;
  }
  process.stdout.write(`${tableText(result.table)}\n`);
  process.stderr.write(
    `dealt in ${seconds.deal.toFixed(2)} s, uploaded in ${seconds.upload.toFixed(2)} s, computed in ${seconds.compute.toFixed(2)} s, ${seconds.total.toFixed(2)} s in all\n`,
  );
}
