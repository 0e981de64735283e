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

export const descriptorSchema = z.strictObject({
  version: z.literal(1),
  /** Unpredictable, chosen by the creator: makes ids of equal queries differ. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  /** What is computed. */
  program: programSchema,
  /** Digest of the plan that this program compiles to: every role compiles it again and compares. */
  plan: z.string().regex(/^[0-9a-f]{64}$/),
  /** Input parties with the most rows each may bring to each table; sorted by party, then table. */
  inputs: z
    .array(z.strictObject({ party: name, table: name, maxRows: z.int().min(1).max(LIMITS.rows) }))
    .min(1),
  /** Parties that receive the result, sorted. */
  outputs: z.array(name).min(1),
  /** Every party named above with its key; the two servers and the dealer likewise. */
  keys: z.record(z.string(), publicKey),
  /** Groups of fewer rows than this come out hidden, whatever the query says. */
  minGroupSize: z.int().min(1).max(1_000_000),
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
  /** Enrolled keys by address; those of the participants are taken. */
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly minGroupSize: number;
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
  const keys = participantsOf({ inputs, outputs }).flatMap((address) => {
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
    keys: Object.fromEntries(keys),
    minGroupSize: parts.minGroupSize,
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

/** Addresses of everyone who takes part, sorted: both servers, the dealer and every named party. */
export function participantsOf(descriptor: Pick<Descriptor, 'inputs' | 'outputs'>): Address[] {
  const names = new Set([...inputParties(descriptor), ...descriptor.outputs]);
  return [...STANDING, ...[...names].map((name): Address => `party-${name}`)].sort();
}

/**
 * What a schema cannot say. Throws `descriptor.order`, `descriptor.too-large`, `descriptor.key-missing`,
 * `descriptor.key-unknown` or `descriptor.key-shared`.
 */
export function checkDescriptor(descriptor: Descriptor): void {
  const { inputs, outputs, keys } = descriptor;
  if (!ascends(inputs, byPartyThenTable) || !ascends(outputs, byText))
    throw refusal(
      'order',
      'inputs and outputs must be sorted, each named once',
      'make descriptors with buildDescriptor',
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

function checkSize({ inputs, outputs }: Descriptor): void {
  const parties = new Set([...inputs.map(({ party }) => party), ...outputs]).size;
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
