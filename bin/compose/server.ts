/**
 * Owns how a compute server is put together: its charts, and which duty answers which effect.
 */

import { serverMachine } from '../../roles/server.ts';
import { type SessionInput, sessionMachine } from '../../roles/session.ts';
import { greetPeer } from '../../src/duties/greeting.ts';
import { Queries } from '../../src/duties/queries.ts';
import { ServerDuties } from '../../src/duties/server-duties.ts';
import type { ServerLimits } from '../../src/duties/server-limits.ts';
import type { Run } from '../../src/duties/workplace.ts';
import { awaitDeadline } from '../../src/host/effects.ts';
import type { EffectContext, Host } from '../../src/host/host.ts';
import { participantChapters } from './chapters.ts';
import type { ElectionParts } from './election.ts';
import { type Accepted, logEvent, logKey, type RoleParts } from './parts.ts';
import type { Runtime } from './runtime.ts';
import { commonDeliveries, rootEffects } from './shared.ts';

const ROOT = 'server';
/** What an engine's thread runs: the source, or beside this in the bundle. */
const ENGINE = new URL(
  import.meta.url.endsWith('.ts') ? '../engine-source.mjs' : './engine-worker.js',
  import.meta.url,
);
const sessionOf = ({ collaboration, attempt }: Run): string => `session:${collaboration}:${attempt}`;

export function serverRole(
  runtime: Runtime,
  server: 'server-a' | 'server-b',
  elections: ElectionParts,
  limits: ServerLimits,
): RoleParts {
  const queries = new Queries();
  const duties = runtime.place.then((place) => new ServerDuties(place, { queries, engine: ENGINE, limits }));
  /** Runs a duty once the server is connected. */
  const duty =
    <Input, Output>(run: (duties: ServerDuties, context: EffectContext<Input>) => Promise<Output>) =>
    async (context: EffectContext<Input>): Promise<Output> =>
      run(await duties, context);
  return {
    root: { name: ROOT, input: { server } },
    machines: { [ROOT]: serverMachine, session: sessionMachine, ...elections.machines },
    chapters: [...participantChapters(runtime.parts.trust), ...(elections.chapters ?? [])],
    retold: ['session'],
    effects: {
      ...elections.effects,
      ...rootEffects(runtime),
      watchPeer: async (context: EffectContext) => greetPeer(await runtime.place, context),
      checkDescriptor: duty((server, context: EffectContext<Run>) => server.checkDescriptor(context)),
      receiveTape: duty((server, context: EffectContext<Run>) => server.receiveTape(context)),
      collectInputs: duty((server, context: EffectContext<Run>) => server.collectInputs(context)),
      compute: duty((server, context: EffectContext<Run>) => server.compute(context)),
      storeResult: duty((server, context: EffectContext<Run>) => server.storeResult(context)),
      serveResults: duty((server, context: EffectContext<Run>) => server.serveResults(context)),
      awaitDeadline: awaitDeadline(runtime.parts.clock),
    },
    deliveries: {
      ...elections.deliveries,
      ...commonDeliveries(runtime, async (run) => (await duties).shred(run)),
    },
    onApplied: (applied, host) => tellSession(applied, host, server),
    onOther: elections.onOther,
    onCaughtUp: async () => {
      await (await duties).repeatForPeer();
      await elections.onCaughtUp();
    },
    stop: async () => {
      (await duties).stop();
      await elections.stop();
    },
  };
}

async function tellSession(applied: Accepted, host: Host, server: 'server-a' | 'server-b'): Promise<void> {
  const { command, collaboration } = applied;
  const { descriptor, digest, id, lifecycle } = collaboration;
  const { attempt } = lifecycle.context;
  const actor = sessionOf({ collaboration: id, attempt });
  if (command.body.kind === 'create' || command.body.kind === 'rerun') {
    const input: SessionInput = {
      collaboration: id,
      descriptor: digest,
      attempt,
      server,
      outputs: descriptor.outputs,
      deadlineMs: descriptor.deadlineMs,
    };
    await host.start(actor, 'session', input);
  } else if (host.has(actor)) {
    await host.send(actor, logEvent(applied), logKey(applied));
  }
}
