/**
 * Owns `mpc up`: a local deployment that stays until Ctrl-C. Keys, configuration, state and logs are kept in its
 * directory, so that the next start goes on where this one ended.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type Address, checkName } from '../../src/bus/subjects.ts';
import { givenBrokers } from '../../src/config/brokers.ts';
import { brokerThere } from '../local/broker-there.ts';
import {
  openDeployment,
  replicaNames,
  restUrl,
  SERVICES,
  writeConfig,
  writeReplicaConfig,
} from '../local/deployment.ts';
import { KeptBrokers } from '../local/kept-brokers.ts';
import { brokerProgram } from '../local/own-broker.ts';
import { Processes } from '../local/processes.ts';

export interface UpOptions {
  readonly dir: string;
  readonly party: readonly string[];
  readonly nats?: string;
  readonly natsServer?: string;
  /** 1, 3 or 5. */
  readonly brokers: number;
  /** Replicas of the coordinator. */
  readonly coordinators: number;
  /** The first port of HTTP faces; none without it. */
  readonly rest?: number;
  /** Let the coordinator's key watch everything. */
  readonly inspect?: boolean;
}

export async function up(options: UpOptions): Promise<void> {
  const directory = resolve(options.dir);
  const logs = join(directory, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const given = options.nats ?? process.env.NATS_URL;
  const others = given === undefined ? undefined : givenBrokers(given);
  const hosts = Array.from({ length: options.brokers }, () => '127.0.0.1');
  const brokers =
    others === undefined
      ? await KeptBrokers.start({ directory, binary: await brokerProgram(options.natsServer), hosts, say })
      : undefined;
  const over = new AbortController();
  const processes = new Processes(resolve(process.argv[1] ?? 'mpc'), logs);
  try {
    const parties = options.party.map((party) => checkName('party', party));
    const urls = others ?? brokers?.urls ?? [];
    const { rest } = options;
    const opened = openDeployment(directory, 'local', urls, parties, systemRandom);
    const watched = options.inspect === true ? ({ inspect: 'coordinator' } as const) : {};
    const deployment = { ...opened, ...watched, ...(rest === undefined ? {} : { rest }) };
    for (const service of [...SERVICES, 'server-c'] as const)
      if (service !== 'coordinator') processes.start(service, writeConfig(deployment, service));
    // One of several may end: it is started again while the others serve.
    const isOnlyOne = options.coordinators === 1;
    for (const replica of replicaNames(options.coordinators)) {
      const config = writeReplicaConfig(deployment, replica);
      if (isOnlyOne) processes.start(replica, config);
      else processes.keep(replica, config);
    }
    process.stderr.write(
      `running on ${urls.join(', ')}: ${SERVICES.join(', ')}, and server-c for elections; logs in ${logs}\n`,
    );
    if (others !== undefined) void sayWhenAway(others, over.signal);
    for (const replica of replicaNames(options.coordinators)) sayUrl(replica, restUrl(deployment, replica));
    for (const party of parties) {
      const place: Address = `party-${party}`;
      const config = writeConfig(deployment, place, { party });
      const url = restUrl(deployment, place);
      if (url === undefined) process.stderr.write(`start a client with: mpc --config ${config}\n`);
      else processes.start(place, config);
      sayUrl(
        place,
        url,
        `its token in ${join(directory, 'state', place, 'api-token')}; its page: mpc page --config ${config}`,
      );
    }
    await Promise.race([interrupted(), processes.firstFailure()]);
  } finally {
    over.abort(new MpcError('up.over', 'the deployment is over'));
    await processes.stop();
    await brokers?.stop();
  }
}

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

/** The roles wait for their broker as long as it takes. One that answers, whatever it does, is there. */
const sayWhenAway = (urls: readonly string[], signal: AbortSignal): Promise<void> =>
  brokerThere({
    urls,
    waitMs: Number.POSITIVE_INFINITY,
    signal,
    meanwhile: 'the roles wait for it; Ctrl-C ends them',
    say,
  }).catch(() => {});

function sayUrl(place: string, url: string | undefined, more?: string): void {
  if (url === undefined) return;
  process.stderr.write(`${place}: ${url}${more === undefined ? '' : `, ${more}`}\n`);
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
