/**
 * Owns a TypeScript program as it travels: the plan it made, the tables its parties bring, what it reveals to whom; as one short
 * text (base64 of deflated canonical JSON). Must never be trusted: whoever unpacks a text checks its form here, and what it
 * says in compile-plan.ts and in src/plan/check.ts.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { hex, sha256, utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Plan } from '../plan/plan.ts';

const name = z.string().regex(/^[a-z0-9_-]{1,64}$/);
const columnName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/);
const int64 = z.string().regex(/^(0|-?[1-9][0-9]{0,18})$/);
const type = z.enum(['integer', 'decimal', 'boolean']);
const scale = z.int().min(0).max(18);

/** Parameters have the types of their names; what values they may have, each gate says. Circuits are programs of their own. */
const operation = z
  .object({
    op: z.string(),
    kind: z.enum(['ring', 'bits']).optional(),
    value: int64.optional(),
    coefficients: z.array(int64).optional(),
    offset: int64.optional(),
    each: z.boolean().optional(),
    invert: z.boolean().optional(),
    table: name.optional(),
    column: columnName.optional(),
    encoding: z.string().optional(),
  })
  .catchall(z.int());

const planSchema = z.strictObject({
  version: z.literal(1),
  tables: z.array(
    z.strictObject({ name, slices: z.array(z.strictObject({ party: name, capacity: z.int() })) }),
  ),
  nodes: z.array(z.strictObject({ operation, inputs: z.array(z.int()) })).max(LIMITS.planNodes),
  outputs: z.array(z.strictObject({ name: z.string(), node: z.int() })),
});

const writtenSchema = z.strictObject({
  version: z.literal(1),
  plan: planSchema,
  tables: z
    .array(
      z.strictObject({
        name,
        party: name,
        rows: z.int().min(1).max(LIMITS.rows),
        columns: z.array(z.strictObject({ name: columnName, type, scale, lo: int64, hi: int64 })).min(1),
      }),
    )
    .max(LIMITS.parties),
  reveals: z
    .array(z.strictObject({ name: columnName, type, scale, to: z.array(name).min(1) }))
    .min(1)
    .max(LIMITS.groups),
});

type Written = z.infer<typeof writtenSchema>;

/** What a TypeScript program says; `reveals` are the plan's outputs of the same names. */
export interface WrittenProgram extends Omit<Written, 'plan'> {
  readonly plan: Plan;
}

/** Throws `program.too-large` when the text would not fit a descriptor. */
export function packProgram(program: WrittenProgram): string {
  const text = deflateRawSync(textOf(program), { level: 9 }).toString('base64');
  if (text.length > LIMITS.programCharacters)
    throw new MpcError(
      'program.too-large',
      `the program packs into ${text.length} characters, ${LIMITS.programCharacters} are allowed`,
      {
        exitCode: EXIT.badData,
        hint: 'a descriptor holds the plan and is one message: work on whole vectors instead of single elements',
      },
    );
  return text;
}

/** Throws `program.malformed`. */
export function unpackProgram(text: string): WrittenProgram {
  let parsed: unknown;
  try {
    const bytes = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: LIMITS.programBytes });
    parsed = JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed('does not unpack');
  }
  const checked = writtenSchema.safeParse(parsed);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw malformed(`is wrong at ${issue?.path.join('.')}: ${issue?.message}`);
  }
  // The gates check their operations' parameters (`shapesOf`); the schema has checked the types of these.
  return { ...checked.data, plan: checked.data.plan as Plan };
}

/** What people compare: the SHA-256 of what a program says, however it was packed. */
export function writtenDigest(program: WrittenProgram): string {
  return hex.encode(sha256(utf8.encode('mpc/1 program\n'), textOf(program)));
}

export const malformed = (what: string): MpcError =>
  new MpcError('program.malformed', `the packed program ${what}`, {
    exitCode: EXIT.badData,
    hint: 'all parties must run the same version of mpc: make the descriptor anew',
  });

/** A program is JSON; its interfaces only lack the index signature. */
const textOf = (program: WrittenProgram): Uint8Array =>
  utf8.encode(canonicalJson(program as unknown as Json));
