/**
 * Owns the descriptor: everything a participant agrees to, in one canonical object. Its digest is the collaboration.
 * Must never hold anything private: every participant and the broker read it.
 */
import { z } from 'zod';
import { hex } from '../base/bytes.ts';
import { digestOf, type Json } from '../base/canonical.ts';
import { MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { RandomSource } from '../base/random.ts';
import type { Address } from '../bus/subjects.ts';
import type { PublicKey } from '../identity/keys.ts';
import { type Program, programSchema } from '../programs/program.ts';
import { faultsOf } from './faults.ts';

const name = z.string().regex(/^[a-z0-9_-]{1,64}$/);
const publicKey = z.string().regex(/^U[A-Z2-7]{55}$/);
/** A stored result: the collaboration's id and the attempt that made it. */
const RESULT_ID = /^[0-9a-f]{20}\.[1-9][0-9]{0,2}$/;
/** Earlier results that one collaboration reads: each brings approvers of its own. */
const MOST_SOURCES = 16;
/** A week: whoever has not come by then has forgotten. */
const MOST_WAIT_MS = 7 * 24 * 3_600_000;
/** Results of one descriptor: the parties approve them all at once. */
const MOST_RERUNS = 100;

export const descriptorSchema = z.strictObject({
  version: z.literal(1),
  /** Unpredictable, chosen by the creator: makes ids of equal queries differ. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  /** What is computed. */
  program: programSchema,
  /** Digest of the plan that this program compiles to: every role compiles it again and compares. */
  plan: z.string().regex(/^[0-9a-f]{64}$/),
  /** Input parties with the most rows each may bring to each table; sorted by party, then table. */
  inputs: z.array(z.strictObject({ party: name, table: name, maxRows: z.int().min(1).max(LIMITS.rows) })),
  /** Results of earlier collaborations that are read as rows of a table, sorted by table; they never leave the servers. */
  sources: z
    .array(
      z.strictObject({
        table: name,
        result: z.string().regex(RESULT_ID),
        /** Parties whose rows are in that result, sorted: each has to approve this descriptor, too. */
        parties: z.array(name).min(1),
      }),
    )
    .max(MOST_SOURCES),
  /** Parties that receive the result, sorted. */
  outputs: z.array(name).min(1),
  /** Every party named above with its key; the two servers and the dealer likewise. */
  keys: z.record(z.string(), publicKey),
  /** Groups of fewer rows than this come out hidden, whatever the query says. */
  minGroupSize: z.int().min(1).max(1_000_000),
  /**
   * Where it may start without some input parties: the fewest there must be, and how long the others are waited for,
   * from the creation on (or from the start of a later attempt). Null: all are needed.
   */
  minimum: z
    .strictObject({ parties: z.int().min(1).max(LIMITS.parties), waitMs: z.int().min(1).max(MOST_WAIT_MS) })
    .nullable(),
  /** How many runs of later collaborations may read this one's result. */
  resultUses: z.int().min(0).max(1000),
  /** How often the creator may have a result computed again, on new uploads: each tells the receivers more. */
  reruns: z.int().min(0).max(MOST_RERUNS),
  /** Milliseconds assumed between the two servers and back (0: in one place): the plan is the faster one for that. */
  roundTripMs: z.int().min(0).max(LIMITS.roundTripMs),
  /** Milliseconds since the epoch after which the collaboration expires unless it has finished. */
  deadlineMs: z.int().positive(),
});

export type Descriptor = z.infer<typeof descriptorSchema>;

export function descriptorDigest(descriptor: Descriptor): string {
  return digestOf('descriptor', descriptor as unknown as Json); // zod's type has no index signature; its values are JSON
}

/** The collaboration's id: the first 20 hexadecimal digits of its descriptor's digest. */
export const collaborationId = (digest: string): string => digest.slice(0, 20);

/** A stored result's id: a name, which tells nothing and opens nothing. */
export const resultId = (collaboration: string, attempt: number): string => `${collaboration}.${attempt}`;

/** The parts of a result's id. */
export function partsOfResultId(id: string): { readonly collaboration: string; readonly attempt: number } {
  const [collaboration = '', attempt = ''] = id.split('.');
  return { collaboration, attempt: Number(attempt) };
}

/** Who takes part whatever the query is. */
const STANDING: readonly Address[] = ['server-a', 'server-b', 'dealer'];

export interface DescriptorParts {
  readonly random: RandomSource;
  readonly program: Program;
  /** Digest of the compiled plan. */
  readonly plan: string;
  /** In any order. */
  readonly inputs: readonly { readonly party: string; readonly table: string; readonly maxRows: number }[];
  readonly outputs: readonly string[];
  /** In any order; none where absent. */
  readonly sources?: Descriptor['sources'];
  /** Enrolled keys by address; those of the participants are taken. */
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly minGroupSize: number;
  /** All input parties are needed where absent. */
  readonly minimum?: Descriptor['minimum'] | undefined;
  /** 0 where absent. */
  readonly resultUses?: number;
  readonly reruns?: number;
  /** 0 where absent. */
  readonly roundTripMs?: number;
  readonly deadlineMs: number;
}

/** A descriptor in its one order, checked. Throws as `parseDescriptor` and `checkDescriptor` do. */
export function buildDescriptor(parts: DescriptorParts): Descriptor {
  const inputs = [...parts.inputs]
    .sort(byPartyThenTable)
    .map(({ party, table, maxRows }) => ({ party, table, maxRows }));
  const outputs = [...new Set(parts.outputs)].sort();
  const sources = [...(parts.sources ?? [])]
    .sort((a, b) => byText(a.table, b.table))
    .map(({ table, result, parties }) => ({ table, result, parties: [...new Set(parties)].sort() }));
  const keys = participantsOf({ inputs, outputs, sources }).flatMap((address) => {
    const key = parts.keys[address];
    return key === undefined ? [] : [[address, key] as const];
  });
  return parseDescriptor({
    version: 1,
    nonce: hex.encode(parts.random(16)),
    program: parts.program,
    plan: parts.plan,
    inputs,
    outputs,
    sources,
    keys: Object.fromEntries(keys),
    minGroupSize: parts.minGroupSize,
    minimum: parts.minimum ?? null,
    resultUses: parts.resultUses ?? 0,
    reruns: parts.reruns ?? 0,
    roundTripMs: parts.roundTripMs ?? 0,
    deadlineMs: parts.deadlineMs,
  });
}

/** Throws `descriptor.malformed` with the path of each fault, then what `checkDescriptor` throws. */
export function parseDescriptor(value: unknown): Descriptor {
  const parsed = descriptorSchema.safeParse(value);
  if (!parsed.success)
    throw refusal('malformed', faultsOf(parsed.error), 'sender and receiver must be of one version');
  checkDescriptor(parsed.data);
  return parsed.data;
}

/** Names of the input parties, sorted. */
export const inputParties = (descriptor: Pick<Descriptor, 'inputs'>): string[] =>
  [...new Set(descriptor.inputs.map(({ party }) => party))].sort();

/** Names of the parties whose rows are in the results that are read, sorted. */
export const sourceParties = ({ sources }: Pick<Descriptor, 'sources'>): string[] =>
  [...new Set(sources.flatMap(({ parties }) => parties))].sort();

/** Addresses of everyone who takes part, sorted: both servers, the dealer and every named party. */
export function participantsOf(descriptor: Pick<Descriptor, 'inputs' | 'outputs' | 'sources'>): Address[] {
  const names = new Set([...inputParties(descriptor), ...sourceParties(descriptor), ...descriptor.outputs]);
  return [...STANDING, ...[...names].map((name): Address => `party-${name}`)].sort();
}

/**
 * What a schema cannot say. Throws `descriptor.order`, `descriptor.no-input`, `descriptor.minimum`, `descriptor.too-large`,
 * `descriptor.key-missing`, `descriptor.key-unknown` or `descriptor.key-shared`.
 */
export function checkDescriptor(descriptor: Descriptor): void {
  const { inputs, outputs, keys, sources, minimum } = descriptor;
  const tables = sources.map(({ table }) => table);
  const lists = [outputs, tables, ...sources.map(({ parties }) => parties)];
  if (!ascends(inputs, byPartyThenTable) || !lists.every((list) => ascends(list, byText)))
    throw refusal(
      'order',
      'inputs, outputs and sources must be sorted, each named once',
      'make descriptors with buildDescriptor',
    );
  if (inputs.length + sources.length === 0)
    throw refusal('no-input', 'nobody brings rows', 'name an input party, or a result to read');
  if (minimum !== null && minimum.parties > inputParties(descriptor).length)
    throw refusal(
      'minimum',
      `the minimum of ${minimum.parties} parties is more than bring rows`,
      'lower it, or name more input parties',
    );
  checkSize(descriptor);
  const participants = participantsOf(descriptor);
  const missing = participants.filter((address) => !Object.hasOwn(keys, address));
  if (missing.length > 0)
    throw refusal(
      'key-missing',
      `no key for ${missing.slice(0, 8).join(', ')}`,
      'enrol every participant first',
    );
  const unknown = Object.keys(keys).filter((address) => !participants.some((name) => name === address));
  if (unknown.length > 0)
    throw refusal(
      'key-unknown',
      `${unknown.length} keys of nobody who takes part`,
      'leave out keys that are not needed',
    );
  if (new Set(Object.values(keys)).size !== participants.length)
    throw refusal(
      'key-shared',
      'two participants have one key',
      'every party and role needs a key of its own',
    );
}

function checkSize(descriptor: Descriptor): void {
  const { inputs } = descriptor;
  const parties = participantsOf(descriptor).length - STANDING.length;
  if (parties > LIMITS.parties)
    throw refusal('too-large', `${parties} parties, more than ${LIMITS.parties}`, 'split the parties');
  const rows = new Map<string, number>();
  for (const { table, maxRows } of inputs) rows.set(table, (rows.get(table) ?? 0) + maxRows);
  for (const [table, count] of rows)
    if (count > LIMITS.rows)
      throw refusal(
        'too-large',
        `${count} rows in ${table}, more than ${LIMITS.rows}`,
        'lower the row limits',
      );
}

type Input = Descriptor['inputs'][number];
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byPartyThenTable = (a: Input, b: Input): number => byText(a.party, b.party) || byText(a.table, b.table);

function ascends<Item>(items: readonly Item[], order: (a: Item, b: Item) => number): boolean {
  return items.every((item, index) => {
    const previous = items[index - 1];
    return index === 0 || previous === undefined || order(previous, item) < 0;
  });
}

const refusal = (code: string, message: string, hint: string): MpcError =>
  new MpcError(`descriptor.${code}`, message, { hint });
