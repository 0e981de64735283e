/**
 * Owns real brokers for tests: one in a temporary directory, ended and removed with the test that asked for it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBroker } from '../../src/broker/find.ts';
import { type RunningBroker, type StartOptions, startBroker } from '../../src/broker/start.ts';

export interface TestBroker {
  readonly url: string;
  readonly directory: string;
  /** The process of now; `restart` replaces it. */
  readonly running: () => RunningBroker;
  /** Ends it as a crash would (SIGKILL) and resolves when it has gone. */
  readonly crash: () => Promise<void>;
  /** Starts it again on the same port and store. */
  readonly restart: () => Promise<void>;
}

/** Runs `act` with a broker of its own. */
export async function withBroker<Result>(
  act: (broker: TestBroker) => Promise<Result>,
  options: Pick<StartOptions, 'users'> = {},
): Promise<Result> {
  const environment = process.env.MPC_NATS_SERVER;
  const binary = await findBroker({
    env: process.env,
    ...(environment === undefined ? {} : { path: environment }),
  });
  const directory = await mkdtemp(join(tmpdir(), 'mpc-broker-'));
  let running = await startBroker({ ...options, directory, binary });
  const { url, port } = running;
  try {
    return await act({
      url,
      directory,
      running: () => running,
      crash: async () => {
        running.kill();
        await running.exited;
      },
      restart: async () => {
        running = await startBroker({ ...options, directory, binary, port });
      },
    });
  } finally {
    await running.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
