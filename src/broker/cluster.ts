/**
 * Owns a cluster of brokers on one machine: each in a directory of its own, known to the others by its address.
 * Must never give one broker's store to another: they are told apart by their numbers, not by their ports.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { BrokerCluster } from './config.ts';
import type { FoundBroker } from './find.ts';
import { type RunningBroker, startBroker } from './start.ts';

export interface ClusterOptions {
  /** `broker-1`, `broker-2`, … are made in it. */
  readonly directory: string;
  readonly binary: Pick<FoundBroker, 'path' | 'version'>;
  /** The address of each broker: their number is that of the brokers. */
  readonly hosts: readonly string[];
}

/** What one broker of a cluster is started with, as often as it is started. */
export interface ClusterMember {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly cluster: BrokerCluster;
}

/** The members of a cluster, on ports that are free now. */
export async function planCluster({
  directory,
  hosts,
}: Omit<ClusterOptions, 'binary'>): Promise<ClusterMember[]> {
  const placed = await Promise.all(
    hosts.map(async (host) => {
      const [port, routePort] = await freePorts(host);
      return { host, port, routePort };
    }),
  );
  return placed.map(({ host, port, routePort }, index) => ({
    directory: join(directory, `broker-${index + 1}`),
    host,
    port,
    url: `nats://${host}:${port}`,
    cluster: {
      name: 'mpc',
      server: `broker-${index + 1}`,
      port: routePort,
      routes: placed
        .filter((_, at) => at !== index)
        .map((other) => `nats://${other.host}:${other.routePort}`),
    },
  }));
}

/** Starts all; when one does not start, those that did are stopped. */
export async function startCluster(options: ClusterOptions): Promise<RunningBroker[]> {
  const { binary } = options;
  const members = await planCluster(options);
  const starts = await Promise.allSettled(members.map((member) => startBroker({ ...member, binary })));
  const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed === undefined) return running;
  await Promise.all(running.map((broker) => broker.stop()));
  throw failed.reason;
}

/** Two free ports: one for clients, one for the other brokers. */
async function freePorts(host: string): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, host, () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [first = 0, second = 0] = ports;
  return [first, second];
}
