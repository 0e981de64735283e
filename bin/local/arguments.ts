/**
 * Owns how parties, tables and files are written on the command line: `acme=a.csv`, `acme:orders=o.csv`.
 */
import { readFileSync, statSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { checkName } from '../../src/bus/subjects.ts';

export interface InputArgument {
  readonly party: string;
  /** Absent when the query declares one table only. */
  readonly table: string | undefined;
  readonly value: string;
}

/** Reads `party[:table]=value`. Throws `usage.input`. */
export function parseInput(text: string): InputArgument {
  const match = /^([^:=]+)(?::([^=]+))?=(.+)$/s.exec(text);
  if (match === null)
    throw new MpcError('usage.input', `${JSON.stringify(text)} does not say which party brings what`, {
      hint: 'write --input acme=acme.csv, or --input acme:orders=orders.csv where a query has several tables',
      exitCode: EXIT.usage,
    });
  const [, party = '', table, value = ''] = match;
  return { party: checkName('party', party), table: table === undefined ? undefined : table, value };
}

/** Reads a query's text, bounded. Throws `query.unreadable` or `query.too-long`. */
export function readQuery(file: string): string {
  try {
    if (statSync(file).size > LIMITS.sqlBytes)
      throw new MpcError('query.too-long', `a query has at most ${LIMITS.sqlBytes} bytes`, {
        place: { file },
        exitCode: EXIT.badData,
      });
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof MpcError) throw error;
    throw new MpcError('query.unreadable', 'the query file cannot be read', {
      place: { file },
      hint: 'check its path',
      exitCode: EXIT.noInput,
    });
  }
}
