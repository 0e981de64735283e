/**
 * Owns starting the brokers of a local deployment, in its directory.
 */
import { join } from 'node:path';
import { startCluster } from '../../src/broker/cluster.ts';
import { type FoundBroker, findBroker } from '../../src/broker/find.ts';
import { type RunningBroker, startBroker } from '../../src/broker/start.ts';
import type { Permissions } from '../../src/bus/permissions.ts';

/** `path`: the nats-server to use, else MPC_NATS_SERVER, else what is found or fetched. */
export async function ownBroker(
  directory: string,
  path: string | undefined,
  users?: readonly Permissions[],
): Promise<RunningBroker> {
  const guarded = users === undefined ? {} : { users };
  return startBroker({ directory: join(directory, 'broker'), binary: await brokerProgram(path), ...guarded });
}

/** As many brokers as there are addresses: one alone, or a cluster. */
export async function ownBrokers(
  directory: string,
  path: string | undefined,
  hosts: readonly string[],
): Promise<RunningBroker[]> {
  if (hosts.length === 1) return [await ownBroker(directory, path)];
  return startCluster({ directory, binary: await brokerProgram(path), hosts });
}

/** `path` as of `ownBroker`. */
export function brokerProgram(path: string | undefined): Promise<FoundBroker> {
  const given = path ?? process.env.MPC_NATS_SERVER;
  return findBroker({
    env: process.env,
    ...(given === undefined ? {} : { path: given }),
    onProgress: (sentence) => process.stderr.write(`${sentence}\n`),
  });
}
