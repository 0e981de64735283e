/**
 * Owns how a collaboration looks to whoever asks the coordinator: everything that the log knows, nothing more.
 */
import { z } from 'zod';
import { type Collaboration, versionOf } from '../../coordination/collaboration.ts';
import { descriptorSchema, inputParties } from '../../coordination/descriptor.ts';
import { STATUSES } from '../../coordination/lifecycle.ts';
import { describeWaiting, waitingFor } from '../../coordination/waiting.ts';
import { collaborationIdSchema, digestSchema, partySchema, timeSchema } from '../schemas.ts';

export const statusSchema = z.enum(STATUSES).meta({ id: 'Status' });

const reasonSchema = z
  .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
  .meta({ description: 'Why it ended without a result' });

const waitingSchema = z.object({
  what: z.string().meta({ description: 'approval, randomness, inputs, binding, servers or result' }),
  who: z.array(z.string()),
  sentence: z.string(),
});

export const inputPartySchema = z
  .object({
    party: partySchema,
    tables: z.array(z.object({ table: z.string(), maxRows: z.int() })),
    registered: z.boolean().meta({ description: 'It said that it takes part' }),
    approved: z.boolean().meta({ description: "Its own client signed the descriptor's digest" }),
    uploaded: digestSchema
      .nullable()
      .meta({ description: 'Digest of its masked rows, once both servers have them' }),
  })
  .meta({ id: 'InputParty' });

export const summarySchema = z
  .object({
    id: collaborationIdSchema,
    digest: digestSchema.meta({ description: 'What every party approves' }),
    status: statusSchema,
    creator: z.string(),
    createdAt: timeSchema,
    changedAt: timeSchema,
    deadline: timeSchema,
    inputs: z.array(partySchema),
    outputs: z.array(partySchema),
  })
  .meta({ id: 'CollaborationSummary' });

export const collaborationSchema = summarySchema
  .extend({
    attempt: z.int().meta({ description: 'From 1: the run that everything below belongs to' }),
    minGroupSize: z.int(),
    minimum: z.object({ parties: z.int(), waitMs: z.int() }).nullable().meta({
      description: 'The fewest input parties it starts with, and how long the others are waited for',
    }),
    reruns: z.int(),
    roundTripMs: z.int(),
    inputParties: z.array(inputPartySchema),
    received: z.array(partySchema).meta({ description: 'Output parties that have combined their result' }),
    waiting: z.array(waitingSchema),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'Collaboration' });

export const computeConfigSchema = z
  .object({
    digest: digestSchema,
    descriptor: descriptorSchema.meta({
      id: 'Descriptor',
      description: 'Everything that participants agree to',
    }),
  })
  .meta({ id: 'ComputeConfig' });

export type CollaborationSummary = z.infer<typeof summarySchema>;
export type CollaborationView = z.infer<typeof collaborationSchema>;

function summaryOf({
  id,
  digest,
  status,
  creator,
  createdMs,
  changedMs,
  descriptor,
}: Collaboration): CollaborationSummary {
  return {
    id,
    digest,
    status,
    creator: creator.replace(/^party-/, ''),
    createdAt: new Date(createdMs).toISOString(),
    changedAt: new Date(changedMs).toISOString(),
    deadline: new Date(descriptor.deadlineMs).toISOString(),
    inputs: inputParties(descriptor),
    outputs: [...descriptor.outputs],
  };
}

function viewOf(collaboration: Collaboration): CollaborationView {
  const { descriptor, lifecycle } = collaboration;
  const { received, reason, attempt } = lifecycle.context;
  const sentences = describeWaiting(collaboration);
  return {
    ...summaryOf(collaboration),
    attempt,
    minGroupSize: descriptor.minGroupSize,
    minimum: descriptor.minimum,
    reruns: descriptor.reruns,
    roundTripMs: descriptor.roundTripMs,
    inputParties: inputPartiesOf(collaboration),
    received: [...received],
    waiting: waitingFor(collaboration).map(({ what, who }, at) => ({
      what,
      who: [...who],
      sentence: sentences[at] ?? '',
    })),
    ...(reason === undefined
      ? {}
      : {
          reason: {
            code: reason.code,
            message: reason.message,
            ...(reason.hint === undefined ? {} : { hint: reason.hint }),
          },
        }),
  };
}

export function inputPartiesOf({ descriptor, lifecycle }: Collaboration): z.infer<typeof inputPartySchema>[] {
  const { registered, approvals, uploads } = lifecycle.context;
  return inputParties(descriptor).map((party) => ({
    party,
    tables: descriptor.inputs
      .filter((input) => input.party === party)
      .map(({ table, maxRows }) => ({ table, maxRows })),
    registered: registered.inputs.includes(party),
    approved: approvals.includes(party),
    uploaded: uploads[party] ?? null,
  }));
}

export interface Rendered {
  readonly view: CollaborationView;
  /** Changes whenever anything about the collaboration does. */
  readonly version: string;
}

/** A collaboration's record is replaced whenever it changes, so what was made of it stays true. */
export class Views {
  readonly #made = new WeakMap<Collaboration, Rendered>();
  readonly #summaries = new WeakMap<Collaboration, CollaborationSummary>();

  summary(collaboration: Collaboration): CollaborationSummary {
    const known = this.#summaries.get(collaboration);
    if (known !== undefined) return known;
    const made = summaryOf(collaboration);
    this.#summaries.set(collaboration, made);
    return made;
  }

  of(collaboration: Collaboration): Rendered {
    const known = this.#made.get(collaboration);
    if (known !== undefined) return known;
    const view = viewOf(collaboration);
    const made = { view, version: versionOf(collaboration) };
    this.#made.set(collaboration, made);
    return made;
  }
}
