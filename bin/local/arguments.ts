/**
 * Owns how parties, tables and files are written on the command line: `acme=a.csv`, `acme:orders=o.csv`.
 */
import { EXIT, MpcError } from '../../src/base/errors.ts';
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
