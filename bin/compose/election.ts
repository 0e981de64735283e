/**
 * Owns how a server's part in elections is put together: a chart for each, which duty answers which effect, and what the log means
 * to them. server-a and server-b have it beside their collaborations; server-c has nothing else.
 */
import { join } from 'node:path';
import { type BallotBoxInput, ballotBoxMachine } from '../../roles/ballot-box.ts';
import { ballotServerMachine } from '../../roles/ballot-server.ts';
import { Boxes } from '../../src/box/boxes.ts';
import type { Applied } from '../../src/coordination/records.ts';
import { SignatureMemo } from '../../src/election/box-memory.ts';
import type { ElectionDescriptor, ElectionServer } from '../../src/election/descriptor.ts';
import { stateOfLife } from '../../src/election/life.ts';
import { electionChange } from '../../src/election/rows.ts';
import type { EffectContext, Host } from '../../src/host/host.ts';
import { electionChapters } from './chapters.ts';
import type { RoleParts } from './parts.ts';
import type { Runtime } from './runtime.ts';
import { commonDeliveries, rootEffects } from './shared.ts';

type Context = EffectContext<{ election: string }>;

export type ElectionParts = Pick<RoleParts, 'machines' | 'effects' | 'deliveries' | 'chapters'> &
  Required<Pick<RoleParts, 'onOther' | 'onCaughtUp' | 'stop'>> & {
    /** For the console. */
    readonly boxes: Promise<Boxes>;
  };

export function electionParts(runtime: Runtime, me: ElectionServer): ElectionParts {
  const memo = new SignatureMemo();
  const { state, deployment, trust } = runtime.parts;
  const boxes = runtime.place.then((place) => Boxes.open(place, me, join(state, 'ballots.sqlite'), memo));
  let isThere: Boxes | undefined;
  const duty =
    <Input>(run: (boxes: Boxes, context: EffectContext<Input>) => Promise<unknown>) =>
    async (context: EffectContext<Input>): Promise<unknown> => {
      const all = await boxes;
      try {
        return await run(all, context);
      } catch (error) {
        // A server that stops has not failed: the next start goes on where this one was.
        if (all.isStopping) await aborted(context.signal);
        throw error;
      }
    };
  return {
    boxes,
    machines: { ballotBox: ballotBoxMachine },
    chapters: electionChapters({ deployment, trust }, memo),
    effects: {
      makeKeys: duty((all, context: Context) => all.makeKeys(context)),
      makeKeyShare: duty((all, context: Context) => all.makeKeyShare(context)),
      keepBox: duty((all, context: Context) => all.keepBox(context)),
      flushBox: duty((all, context: Context) => all.flushBox(context)),
      sealBox: duty((all, context: Context) => all.sealBox(context)),
      tallyBox: duty((all, context: Context) => all.tallyBox(context)),
      closeWhenDue: duty((all, context: EffectContext<{ election: string; deadlineMs: number }>) =>
        all.closeWhenDue(context),
      ),
    },
    deliveries: {
      destroyKeys: async ({ election }: { election: string }) => (await boxes).destroyKeys(election),
    },
    onOther: async (applied, host) => {
      const election = await tellBox(applied, host, me);
      if (election !== undefined) isThere?.note(election);
    },
    onCaughtUp: async () => {
      isThere = await boxes;
      isThere.listen();
    },
    stop: async () => (await boxes).stop(),
  };
}

/** Rejects when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Brings a command of the log to the chart of its election; returns the election's id. */
async function tellBox(applied: Applied, host: Host, server: ElectionServer): Promise<string | undefined> {
  const change = electionChange(applied);
  if (change === undefined) return undefined;
  const { before, after } = change;
  const actor = `election:${after.id}`;
  if (before === undefined) {
    const descriptor = applied.command?.body.descriptor as ElectionDescriptor; // its own chapter took it
    const input: BallotBoxInput = { election: after.id, server, deadlineMs: descriptor.deadlineMs };
    await host.start(actor, 'ballotBox', input);
    return after.id;
  }
  const event = LOG_EVENTS[stateOfLife(after.life)];
  if (event !== undefined && stateOfLife(before.life) !== stateOfLife(after.life) && host.has(actor))
    await host.send(actor, { type: event }, `log:${applied.sequence}.${applied.index}`);
  return after.id;
}

/** What a box hears when the log says that its election has come to a state. */
const LOG_EVENTS: Readonly<Record<string, string>> = {
  'draft.waitingForKeys': 'log.serversReady',
  'draft.prepared': 'log.prepared',
  open: 'log.opened',
  'closing.flushing': 'log.closed',
  'closing.sealing': 'log.frozen',
  tallying: 'log.rootAgreed',
  published: 'log.published',
  cancelled: 'log.cancelled',
  disputed: 'log.disputed',
};

/** The third server: elections, and nothing else. */
export function ballotServerRole(runtime: Runtime, elections: ElectionParts): RoleParts {
  return {
    ...elections,
    root: { name: 'ballotServer', input: {} },
    machines: { ballotServer: ballotServerMachine, ...elections.machines },
    effects: { ...rootEffects(runtime), ...elections.effects },
    deliveries: { ...commonDeliveries(runtime, async () => {}), ...elections.deliveries },
    onApplied: async () => {},
  };
}
