/**
 * Owns how a party's client is put together: its charts, which duty answers which effect, and whom it answers at all:
 * a collaboration whose descriptor's digest this party has not approved gets nothing.
 */
import { readFileSync } from 'node:fs';
import { clientMachine } from '../../roles/client.ts';
import { type ParticipationInput, participationMachine } from '../../roles/participation.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import type { ClientConfig } from '../../src/config/role-config.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { derivedCommandId } from '../../src/coordination/commands.ts';
import {
  collaborationId,
  descriptorDigest,
  inputParties,
  parseDescriptor,
  sourceParties,
} from '../../src/coordination/descriptor.ts';
import { ClientDuties } from '../../src/duties/client-duties.ts';
import { Queries } from '../../src/duties/queries.ts';
import type { Run } from '../../src/duties/workplace.ts';
import type { EffectContext, Host } from '../../src/host/host.ts';
import { type Accepted, logEvent, logKey, type RoleParts, type Runtime } from './runtime.ts';
import { commonDeliveries, rootEffects } from './shared.ts';

const ROOT = 'client';
const FINAL = ['done', 'refused', 'failed', 'withdrawn', 'leftOut', 'expired', 'cancelled'];

/** `onEnd` hears how this party's part in a collaboration ended: undefined when it went well. */
export function clientRole(
  runtime: Runtime,
  config: ClientConfig,
  onEnd: (fault: MpcError | undefined) => void,
): RoleParts {
  const queries = new Queries();
  const duties = runtime.place.then((place) => new ClientDuties(place, queries, config));
  const faults = new Map<string, MpcError>();
  const actorOf = ({ id, lifecycle }: Collaboration): string =>
    `participation:${id}:${lifecycle.context.attempt}`;
  type Context = EffectContext<Run>;
  const duty =
    <Output>(run: (duties: ClientDuties, context: Context) => Promise<Output>) =>
    async (context: Context): Promise<Output> => {
      try {
        return await run(await duties, context);
      } catch (error) {
        if (error instanceof MpcError && !context.signal.aborted) {
          faults.set(context.actor, error);
          runtime.parts.logger.error(
            { collaboration: context.input.collaboration, ...error.report() },
            error.message,
          );
        }
        throw error;
      }
    };
  return {
    root: { name: ROOT, input: {} },
    machines: { [ROOT]: clientMachine, participation: participationMachine },
    retold: ['participation'],
    effects: {
      ...rootEffects(runtime),
      prepareRows: duty((client, context) => client.prepareRows(context)),
      fetchMasks: duty((client, context) => client.fetchMasks(context)),
      maskRows: duty((client, context) => client.maskRows(context)),
      uploadRows: duty((client, context) => client.uploadRows(context)),
      fetchAndCombine: duty((client, context) => client.fetchAndCombine(context)),
    },
    deliveries: commonDeliveries(runtime, async (run) => (await duties).shred(run)),
    onApplied: async (applied, host) => {
      const actor = actorOf(applied.collaboration);
      const { kind } = applied.command.body;
      if (kind === 'create' || kind === 'rerun') await invited(applied, host);
      else if (host.has(actor)) await host.send(actor, logEvent(applied), logKey(applied));
    },
    onCaughtUp: () => createFrom(config.create),
    onTransition: ({ actor, to }) => {
      const [end] = to;
      if (!actor.startsWith('participation:') || to.length !== 1 || end === undefined || !FINAL.includes(end))
        return;
      void settled(actor, end);
    },
    stop: async () => (await duties).stop(),
  };

  /** Takes part in what this party has approved; says what it would need otherwise. */
  async function invited({ collaboration }: Accepted, host: Host): Promise<void> {
    const { id, digest, descriptor } = collaboration;
    const { party } = config;
    const isInput = inputParties(descriptor).includes(party);
    const isOutput = descriptor.outputs.includes(party);
    if (!isInput && !isOutput && !sourceParties(descriptor).includes(party)) return;
    if (!config.approve.includes(digest)) {
      runtime.troubles.note(
        {
          code: 'descriptor.not-approved',
          message: `collaboration ${id} asks for ${party}, which has not approved its descriptor ${digest}`,
          hint: 'read the descriptor (mpc status shows it), then add its digest to approve under [client]',
        },
        { collaboration: id },
      );
      return;
    }
    const input: ParticipationInput = {
      collaboration: id,
      attempt: collaboration.lifecycle.context.attempt,
      descriptor: digest,
      party,
      isInput,
      isOutput,
      deadlineMs: descriptor.deadlineMs,
    };
    await host.start(actorOf(collaboration), 'participation', input);
  }

  /** Opens the collaboration of a descriptor file, once. */
  async function createFrom(file: string | undefined): Promise<void> {
    if (file === undefined) return;
    const descriptor = parseDescriptor(JSON.parse(readFileSync(file, 'utf8')));
    const digest = descriptorDigest(descriptor);
    const { follower } = await runtime.place;
    if (follower.collaboration(collaborationId(digest)) !== undefined) return;
    const created = runtime.submit({ kind: 'create', descriptor }, derivedCommandId(['create', digest]));
    created.catch(() => {}); // the role stops: asked for again at the next start, under the same id
  }

  async function settled(actor: string, end: string): Promise<void> {
    const { follower } = await runtime.place;
    const [, id = ''] = actor.split(':');
    const facts = follower.collaboration(id)?.lifecycle.context;
    if (end === 'done') {
      // An output party is done when the log knows that it has its result.
      if (facts?.outputs.includes(config.party))
        await follower
          .until(
            (log) => log.collaboration(id)?.lifecycle.context.received.includes(config.party),
            runtime.signal,
          )
          .catch(() => {});
      return onEnd(undefined);
    }
    const reason = facts?.reason;
    onEnd(
      faults.get(actor) ??
        (reason === undefined
          ? new MpcError(`collaboration.${end}`, `the collaboration ended: ${end}`, {
              exitCode: EXIT.temporary,
            })
          : MpcError.from(reason)),
    );
  }
}
