/**
 * Owns the sentence that tells where a foreign JSON text breaks its schema.
 * Must never quote the text's values: they were written by someone we do not know yet.
 */
import type { ZodError } from 'zod';

/** Faults shown: the first few are what a person mends first. */
const SHOWN = 8;

/** `below`: where the faulty part stands. "body.descriptor.inputs[0].maxRows: Too small: …; author: …". */
export function faultsOf(error: ZodError, below?: string): string {
  const shown = error.issues
    .slice(0, SHOWN)
    .map(
      (issue) =>
        `${pathText(below === undefined ? issue.path : [below, ...issue.path])}: ${issue.message.slice(0, 200)}`,
    );
  const more = error.issues.length - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(top)';
  return path
    .map((key, index) =>
      typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key).slice(0, 80)}`,
    )
    .join('');
}
