/**
 * Owns how a party's client is put together: its charts, which duty answers which effect, and whom it answers at all:
 * a collaboration whose descriptor's digest this party has not approved gets nothing.
 */
import { readFileSync } from 'node:fs';
import { clientMachine } from '../../roles/client.ts';
import { type ParticipationInput, participationMachine } from '../../roles/participation.ts';
import type { ClientFace } from '../../src/api/client/open.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import type { ClientConfig } from '../../src/config/role-config.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { derivedCommandId } from '../../src/coordination/commands.ts';
import {
  collaborationId,
  descriptorDigest,
  inputParties,
  parseDescriptor,
  sourceParties,
} from '../../src/coordination/descriptor.ts';
import type { Post } from '../../src/directory/client/post.ts';
import { ClientDuties } from '../../src/duties/client-duties.ts';
import { Desk } from '../../src/duties/desk.ts';
import { Queries } from '../../src/duties/queries.ts';
import type { Run } from '../../src/duties/workplace.ts';
import type { EffectContext, Host } from '../../src/host/host.ts';
import { Changes } from './changes.ts';
import { electionChapters, participantChapters } from './chapters.ts';
import { type LogEvent, logEvent, logKey, type RoleParts } from './parts.ts';
import type { Runtime } from './runtime.ts';
import { commonDeliveries, rootEffects } from './shared.ts';

const ROOT = 'client';
const FINAL = ['done', 'refused', 'failed', 'withdrawn', 'leftOut', 'expired', 'cancelled'];

/**
 * `face`: its client service, where people approve descriptors and hand in rows while it runs.
 * `onEnd` hears how this party's part in a collaboration ended: undefined when it went well.
 */
export function clientRole(
  runtime: Runtime,
  config: ClientConfig,
  onEnd: (fault: MpcError | undefined) => void,
  face?: ClientFace,
): RoleParts {
  const queries = new Queries();
  const desk = new Desk(runtime.parts.state);
  const duties = runtime.place.then((place) => new ClientDuties(place, queries, config, desk));
  const changes = new Changes();
  let host: Host | undefined;
  let post: Post | undefined;
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
    // Whoever looks at its page sees elections, too.
    ...(face === undefined
      ? {}
      : { chapters: [...participantChapters(runtime.parts.trust), ...electionChapters(runtime.parts)] }),
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
    onApplied: async (applied, here) => {
      host = here;
      const actor = actorOf(applied.collaboration);
      const { kind } = applied.command.body;
      if (kind === 'create' || kind === 'rerun') await invited(applied.collaboration, here);
      else if (here.has(actor)) await here.send(actor, logEvent(applied), logKey(applied));
      changes.tell(applied.collaboration.id);
    },
    onCaughtUp: async () => {
      await createFrom(config.create);
      if (face === undefined) return;
      const place = await runtime.place;
      const { clientDesk } = await import('./client-desk.ts');
      const { clientPost } = await import('./client-post.ts');
      post = clientPost(place, config.party);
      post.start();
      face.serve(
        clientDesk({ place, config, queries, desk, duties: await duties, states, takePart, changes, post }),
      );
    },
    onTransition: ({ actor, to }) => {
      const [end] = to;
      if (actor.startsWith('participation:')) changes.tell(actor.split(':')[1] ?? '');
      if (!actor.startsWith('participation:') || to.length !== 1 || end === undefined || !FINAL.includes(end))
        return;
      void settled(actor, end);
    },
    stop: async () => {
      await post?.stop();
      await (await duties).stop();
    },
  };

  /** Takes part in what this party has approved; says what it would need otherwise. */
  async function invited(collaboration: Collaboration, here: Host): Promise<void> {
    const { id, digest, descriptor } = collaboration;
    const { party } = config;
    const isInput = inputParties(descriptor).includes(party);
    const isOutput = descriptor.outputs.includes(party);
    if (!isInput && !isOutput && !sourceParties(descriptor).includes(party)) return;
    if (!config.approve.includes(digest) && desk.approved(id) !== digest) {
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
    // With a client service rows may still be handed in; without one, missing rows are a fault of the configuration.
    if (face !== undefined && missingTables(collaboration).length > 0) return;
    const input: ParticipationInput = {
      collaboration: id,
      attempt: collaboration.lifecycle.context.attempt,
      descriptor: digest,
      party,
      isInput,
      isOutput,
      deadlineMs: descriptor.deadlineMs,
    };
    await here.start(actorOf(collaboration), 'participation', input);
  }

  function missingTables({ id, descriptor }: Collaboration): string[] {
    return descriptor.inputs
      .filter(({ party, table }) => party === config.party && config.tables[table] === undefined)
      .filter(({ table }) => desk.rows(id, table) === undefined)
      .map(({ table }) => table);
  }

  function states(collaboration: Collaboration): readonly string[] | undefined {
    return host?.states(actorOf(collaboration));
  }

  /**
   * Takes part, now that something was handed in. The chart has heard nothing of this collaboration so far: it is told the
   * state that the log has brought it to meanwhile.
   */
  async function takePart(id: string): Promise<void> {
    const { follower } = await runtime.place;
    const before = collaborationsIn(follower.state).collaboration(id);
    if (before === undefined || host === undefined || host.has(actorOf(before))) return;
    await invited(before, host);
    const now = collaborationsIn(follower.state).collaboration(id);
    if (now === undefined || now.lifecycle.context.attempt !== before.lifecycle.context.attempt) return;
    if (host.has(actorOf(now))) await host.send(actorOf(now), lateEvent(now));
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

/** The log's last word on a collaboration, for a chart that has missed what came before. */
function lateEvent({ status, lifecycle }: Collaboration): LogEvent {
  const { reason } = lifecycle.context;
  const ENDS: Readonly<Record<string, string>> = {
    failed: 'log.fail',
    expired: 'log.expire',
    cancelled: 'log.cancel',
  };
  return {
    type: ENDS[status] ?? 'log.state',
    author: '',
    status,
    ...(reason === undefined ? {} : { reason }),
  };
}
