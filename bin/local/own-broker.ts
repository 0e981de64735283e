/**
 * Owns starting a broker for a local deployment, in its directory.
 */
import { join } from 'node:path';
import { findBroker } from '../../src/broker/find.ts';
import { type RunningBroker, startBroker } from '../../src/broker/start.ts';

/** `path`: the nats-server to use, else MPC_NATS_SERVER, else what is found or fetched. */
export async function ownBroker(directory: string, path: string | undefined): Promise<RunningBroker> {
  const given = path ?? process.env.MPC_NATS_SERVER;
  const binary = await findBroker({
    env: process.env,
    ...(given === undefined ? {} : { path: given }),
    onProgress: (sentence) => process.stderr.write(`${sentence}\n`),
  });
  return startBroker({ directory: join(directory, 'broker'), binary });
}
