/**
 * Owns what a program is in a descriptor: SQL text, a packed circuit, or a packed plan that a TypeScript program made. Everyone
 * compiles it (compile.ts) and compares the plans. Must never hold anything private: every participant reads it.
 */
import { z } from 'zod';
import { LIMITS } from '../base/limits.ts';

/** What people call it; nothing depends on it. */
const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const packed = z
  .string()
  .min(4)
  .max(LIMITS.programCharacters)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/);

export const programSchema = z.discriminatedUnion('kind', [
  /** CREATE TABLE statements, then one SELECT. */
  z.strictObject({ kind: z.literal('sql'), text: z.string().min(1).max(LIMITS.sqlBytes) }),
  /** See src/circuits/packed.ts. */
  z.strictObject({ kind: z.literal('circuit'), name, circuit: packed }),
  /** See packed-plan.ts. */
  z.strictObject({ kind: z.literal('plan'), name, plan: packed }),
]);

export type Program = z.infer<typeof programSchema>;

/** A file's name as a program's: what does not belong in one becomes `_`. */
export function programName(file: string): string {
  const base = file.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
  return base.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, LIMITS.nameCharacters) || 'program';
}
