/**
 * Owns one broker process: started in a directory, known by its address once it accepts, stopped without a trace.
 * Must never outlive its caller, nor share its directory with another broker.
 *
 * How it dies with its caller: an `exit` hook kills it on every end that Node sees, uncaught errors included; on Linux
 * `setpriv --pdeathsig` (util-linux) makes the kernel do so when the caller is killed outright. That ties it to the
 * calling thread: start brokers from the main one. It has its own process group, so that Ctrl-C reaches the caller
 * alone, which drains before it stops the broker.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { Permissions } from '../bus/permissions.ts';
import { BROKER_FILES, type BrokerCluster, type BrokerConfig, brokerConfig } from './config.ts';
import type { FoundBroker } from './find.ts';
import { type BrokerExit, BrokerProcess } from './process.ts';

export interface StartOptions {
  /** Holds the store, the log file and the configuration; created where it is not there. */
  readonly directory: string;
  /** What `findBroker` found. */
  readonly binary: Pick<FoundBroker, 'path' | 'version'>;
  /** 127.0.0.1 when left out. */
  readonly host?: string;
  /** A free one when left out. */
  readonly port?: number;
  readonly server?: string;
  readonly cluster?: BrokerCluster;
  readonly users?: readonly Permissions[];
  readonly tls?: NonNullable<BrokerConfig['tls']>;
  readonly leaves?: NonNullable<BrokerConfig['leaves']>;
  readonly hub?: NonNullable<BrokerConfig['hub']>;
  readonly clock?: Clock;
  /** Gives up the start; once started it does nothing. */
  readonly signal?: AbortSignal;
}

export interface RunningBroker {
  /** `nats://<host>:<port>` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** Resolves when the process has ended, for whatever reason; `brokerDied` makes an error of it. */
  readonly exited: Promise<BrokerExit>;
  /** Ends it in good order, by force when that takes too long. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): void;
}

/** A broker with a large store takes a while to read it. */
const START_MS = 60_000;
const POLL_MS = 10;

/** Throws `broker.died` with the last lines of its log, `broker.slow`, `broker.directory-in-use`, or the signal's reason. */
export async function startBroker(options: StartOptions): Promise<RunningBroker> {
  const { binary, port = 0, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseSharedDirectory(directory);
  const portsFile = join(directory, BROKER_FILES.ports);
  await rm(portsFile, { recursive: true, force: true });
  await mkdir(portsFile);
  const configFile = join(directory, BROKER_FILES.config);
  const { host, server, cluster, users, tls, leaves, hub } = options;
  const given = { host, server, cluster, users, tls, leaves, hub };
  await writeFile(configFile, brokerConfig({ directory, port, ...definedOnly(given) }));

  const child = await BrokerProcess.spawn(binary.path, configFile, join(directory, BROKER_FILES.log), clock);
  try {
    const url = await address(child, binary.path, portsFile, clock, signal);
    return {
      url,
      port: Number(new URL(url).port),
      pid: child.pid,
      version: binary.version,
      exited: child.exited,
      stop: () => child.stop(),
      kill: () => child.kill(),
    };
  } catch (error) {
    child.kill();
    await child.exited;
    throw error;
  }
}

/** A broker that ended without being asked to. */
export function brokerDied({ exitCode, signal, lastLines }: BrokerExit): MpcError {
  const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
  return new MpcError('broker.died', `the broker ended ${how}${lastLines === '' ? '' : `:\n${lastLines}`}`, {
    exitCode: EXIT.unavailable,
    hint: 'its log says why; the port may be taken, or the disk full',
  });
}

/** Waits for the broker's ports file, which it writes when it accepts connections. */
async function address(
  child: BrokerProcess,
  program: string,
  directory: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string> {
  const startMs = clock.now();
  while (clock.now() - startMs < START_MS) {
    if (child.ended !== undefined) throw brokerDied(child.ended);
    const url = await writtenAddress(join(directory, `${basename(program)}_${child.pid}.ports`));
    if (url !== undefined) return url;
    await clock.sleep(POLL_MS, signal);
  }
  throw new MpcError('broker.slow', `the broker did not accept connections within ${START_MS / 1000} s`, {
    exitCode: EXIT.temporary,
    hint: `look at the log file in ${directory}/..`,
  });
}

/** Undefined while the file is not there, or is being written. */
async function writtenAddress(file: string): Promise<string | undefined> {
  try {
    const ports: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof ports !== 'object' || ports === null || !('nats' in ports) || !Array.isArray(ports.nats))
      return undefined;
    const url: unknown = ports.nats[0];
    return typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Two brokers in one store would ruin it, and brokers do not lock theirs. */
async function refuseSharedDirectory(directory: string): Promise<void> {
  const pid = Number(await readFile(join(directory, BROKER_FILES.pid), 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 0 || !(await isBrokerOf(directory, pid))) return;
  throw new MpcError('broker.directory-in-use', `the broker with process id ${pid} runs in ${directory}`, {
    exitCode: EXIT.temporary,
    hint: `use it by its address, or end process ${pid} first`,
  });
}

/** Whether that process is a broker with this directory's configuration; without /proc, whether it lives. */
async function isBrokerOf(directory: string, pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.split('\0').includes(join(directory, BROKER_FILES.config));
}

type Given = Pick<StartOptions, 'host' | 'server' | 'cluster' | 'users' | 'tls' | 'leaves' | 'hub'>;

/** Without the members that are undefined. */
function definedOnly(given: { [Key in keyof Given]: Given[Key] | undefined }): Given {
  // Only members of undefined values are left out: what stays has its type.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given;
}
