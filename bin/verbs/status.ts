/**
 * Owns `mpc status`: the collaborations of a deployment, their states, who waits for whom; how far each replica of the
 * coordinator is, and which brokers keep the log. Reads the log and asks the replicas.
 */

import { createLogUpdate } from 'log-update';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import type { LogCopy } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig } from '../../src/config/role-config.ts';
import type { Collaboration, CollaborationsView } from '../../src/coordination/collaboration.ts';
import { followLog } from '../../src/coordination/follower.ts';
import { askReplicas, type ReplicaStatus } from '../../src/coordination/replicas.ts';
import { resultIds } from '../../src/coordination/sources.ts';
import { describeWaiting, waitingFor } from '../../src/coordination/waiting.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { participantChapters } from '../compose/chapters.ts';
import { screenOf } from '../local/screen.ts';

const CONNECT_MS = 5_000;

/** Replicas answer at once, or not at all. */
const ANSWERS_MS = 1_000;

/** While it is watched: what no entry of the log tells (a replica that went away) is asked for so often. */
const WATCH_MS = 2_000;

export interface StatusOptions {
  readonly config: string;
  readonly nats?: string;
  /** Goes on until Ctrl-C, and shows every change. */
  readonly watch?: boolean;
  readonly json?: boolean;
}

export async function status(options: StatusOptions): Promise<void> {
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
    let changed = (): void => {};
    const chapters = participantChapters(trust);
    const follower = await followLog({ bus, deployment, trust, chapters, onApplied: () => changed() });
    await follower.caughtUp;
    const log = await bus.log(subjects.logStream(deployment));
    const standing = async (): Promise<Standing> => ({
      lastEntry: await log.last(),
      copies: await log.copies(),
      replicas: await askReplicas({ bus, deployment, me, clock: systemClock, patienceMs: ANSWERS_MS }),
    });
    const text = async (): Promise<string> =>
      statusText(follower.state, await standing(), options.json === true);
    if (options.watch === true)
      await watch(text, options.json === true, (listener) => {
        changed = listener;
      });
    else process.stdout.write(`${await text()}\n`);
    follower.stop();
  } finally {
    await bus.close();
  }
}

function statusText(state: CollaborationsView, standing: Standing, json: boolean): string {
  const collaborations = state.collaborations();
  if (json) return JSON.stringify({ collaborations: collaborations.map(summary), ...standing });
  const paragraphs = collaborations.length === 0 ? ['no collaborations'] : collaborations.map(paragraph);
  return [...paragraphs, standingText(standing)].join('\n');
}

/** Until Ctrl-C or SIGTERM: in its place on a terminal, else whatever differs from what was said last. */
async function watch(
  text: () => Promise<string>,
  json: boolean,
  onChange: (listener: () => void) => void,
): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort(new MpcError('status.over', 'watched long enough'));
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  const redraws = !json && screenOf(process.stdout, process.env).redraws;
  const draw = redraws ? createLogUpdate(process.stdout) : undefined;
  let last = '';
  while (!over.signal.aborted) {
    const change = new AbortController();
    onChange(() => change.abort(new MpcError('status.changed', 'there is something new')));
    const now = await text();
    if (draw !== undefined) draw(now);
    else if (now !== last) process.stdout.write(`${now}\n`);
    last = now;
    await systemClock.sleep(WATCH_MS, AbortSignal.any([over.signal, change.signal])).catch(() => {});
  }
  draw?.done();
  process.off('SIGINT', end);
  process.off('SIGTERM', end);
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
    .map(
      ([sequence]) =>
        `  ALARM: replicas differ at entry ${sequence}; docs/OPERATING.md says how to mend that`,
    );
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
