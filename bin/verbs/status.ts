/**
 * Owns `mpc status`: the collaborations of a deployment, their states, who waits for whom; how far each replica of the
 * coordinator is, and which brokers keep the log. Reads the log and asks the replicas.
 */

import { systemClock } from '../../src/base/clock.ts';
import type { LogCopy } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig } from '../../src/config/role-config.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { followLog } from '../../src/coordination/follower.ts';
import { askReplicas, type ReplicaStatus } from '../../src/coordination/replicas.ts';
import { resultIds } from '../../src/coordination/sources.ts';
import { describeWaiting, waitingFor } from '../../src/coordination/waiting.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { participantChapters } from '../compose/chapters.ts';

const CONNECT_MS = 5_000;

/** Replicas answer at once, or not at all. */
const ANSWERS_MS = 1_000;

export async function status(options: { config: string; nats?: string; json?: boolean }): Promise<void> {
  const flags = options.nats === undefined ? {} : { nats: options.nats };
  const config = loadRoleConfig(options.config, flags, process.env);
  const { deployment, trust } = config;
  const me = addressOf(config);
  const identity = loadIdentity(config.key);
  const bus = await connectNats({
    ...brokerAccess(config),
    name: me,
    identity,
    connectTimeoutMs: CONNECT_MS,
  });
  try {
    const follower = await followLog({ bus, deployment, trust, chapters: participantChapters(trust) });
    await follower.caughtUp;
    const collaborations = follower.state.collaborations();
    follower.stop();
    const log = await bus.log(subjects.logStream(deployment));
    const standing: Standing = {
      lastEntry: await log.last(),
      copies: await log.copies(),
      replicas: await askReplicas({ bus, deployment, me, clock: systemClock, patienceMs: ANSWERS_MS }),
    };
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({ collaborations: collaborations.map(summary), ...standing })}\n`,
      );
    else {
      if (collaborations.length === 0) process.stdout.write('no collaborations\n');
      for (const collaboration of collaborations) process.stdout.write(`${paragraph(collaboration)}\n`);
      process.stdout.write(`${standingText(standing)}\n`);
    }
  } finally {
    await bus.close();
  }
}

/** How the log stands: on which brokers, and how far each replica of the coordinator is. */
interface Standing {
  readonly lastEntry: number;
  readonly copies: readonly LogCopy[];
  readonly replicas: readonly ReplicaStatus[];
}

function standingText({ lastEntry, copies, replicas }: Standing): string {
  const brokers = copies.map(
    ({ server, leads, current }) => `${server}${leads ? ' (leads)' : current ? '' : ' (behind or away)'}`,
  );
  const where = brokers.length === 0 ? 'on one broker' : `on ${brokers.join(', ')}`;
  const lines = replicas.map(
    ({ name, sequence, digest }) => `  ${name.padEnd(16)}  entry ${sequence}  state ${digest.slice(0, 16)}`,
  );
  return [
    `the log has ${lastEntry} entries, ${where}`,
    ...(lines.length === 0 ? ['no replica of the coordinator answers'] : lines),
    ...differing(replicas),
  ].join('\n');
}

/** Replicas that have applied the same entries and are in different states: never to be. */
function differing(replicas: readonly ReplicaStatus[]): string[] {
  const digests = new Map<number, Set<string>>();
  for (const { sequence, digest } of replicas)
    digests.set(sequence, (digests.get(sequence) ?? new Set()).add(digest));
  return [...digests]
    .filter(([, states]) => states.size > 1)
    .map(([sequence]) => `  ALARM: replicas differ at entry ${sequence}; README.md says how to mend that`);
}

function summary(collaboration: Collaboration): object {
  const { id, digest, status: state, creator, createdMs, lifecycle } = collaboration;
  const { reason } = lifecycle.context;
  return {
    id,
    descriptor: digest,
    status: state,
    creator,
    createdMs,
    attempt: lifecycle.context.attempt,
    results: resultIds(collaboration),
    waiting: waitingFor(collaboration),
    ...(reason === undefined ? {} : { reason }),
  };
}

function paragraph(collaboration: Collaboration): string {
  const { id, digest, status: state, creator, descriptor, lifecycle } = collaboration;
  const inputs = [
    ...descriptor.inputs.map(({ party, table, maxRows }) => `${party} (up to ${maxRows} rows of ${table})`),
    ...descriptor.sources.map(({ table, result }) => `the result ${result} as ${table}`),
  ];
  const { reason } = lifecycle.context;
  return [
    `${id}  ${state}  opened by ${creator.replace(/^party-/, '')}`,
    `  descriptor  ${digest}`,
    `  inputs      ${inputs.join(', ')}`,
    `  result for  ${descriptor.outputs.join(', ')}`,
    ...resultIds(collaboration).map((result) => `  result      ${result}`),
    ...describeWaiting(collaboration).map((sentence) => `  ${sentence}`),
    ...(reason === undefined ? [] : [`  because     ${reason.message} [${reason.code}]`]),
  ].join('\n');
}
