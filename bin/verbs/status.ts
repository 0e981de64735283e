/**
 * Owns `mpc status`: the collaborations of a deployment, their states, and who waits for whom. Reads the log, says nothing.
 */

import { connectNats } from '../../src/bus/nats.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { followLog } from '../../src/coordination/follower.ts';
import { resultIds } from '../../src/coordination/sources.ts';
import { describeWaiting, waitingFor } from '../../src/coordination/waiting.ts';
import { participantChapters } from '../compose/chapters.ts';

const CONNECT_MS = 5_000;

export async function status(options: { config: string; nats?: string; json?: boolean }): Promise<void> {
  const flags = options.nats === undefined ? {} : { nats: options.nats };
  const { nats, deployment, trust } = loadRoleConfig(options.config, flags, process.env);
  const bus = await connectNats({ servers: nats, name: 'mpc-status', connectTimeoutMs: CONNECT_MS });
  try {
    const follower = await followLog({ bus, deployment, trust, chapters: participantChapters(trust) });
    await follower.caughtUp;
    const collaborations = follower.state.collaborations();
    follower.stop();
    if (options.json === true) process.stdout.write(`${JSON.stringify(collaborations.map(summary))}\n`);
    else if (collaborations.length === 0) process.stdout.write('no collaborations\n');
    else for (const collaboration of collaborations) process.stdout.write(`${paragraph(collaboration)}\n`);
  } finally {
    await bus.close();
  }
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
