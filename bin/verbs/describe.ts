/**
 * Owns `mpc describe`: a descriptor file for others to read and approve, its digest, and what it reveals.
 */
import { writeFileSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import { descriptorDigest } from '../../src/coordination/descriptor.ts';
import { declaredTables } from '../../src/sql/compile.ts';
import { parseInput, readQuery } from '../local/arguments.ts';
import { describeCollaboration } from '../local/collaboration.ts';

const HOUR_MS = 3_600_000;

export interface DescribeOptions {
  readonly config: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly minGroup: number;
  readonly hours: number;
  readonly out: string;
}

export async function describe(queryFile: string, options: DescribeOptions): Promise<void> {
  const { trust } = loadRoleConfig(options.config, {}, process.env);
  const sql = readQuery(queryFile);
  if (options.input.length === 0 || options.output.length === 0)
    throw new MpcError('usage.parties', 'a collaboration needs input parties and output parties', {
      hint: 'add --input acme=10000 for each party that brings rows, and --output NAME for each that learns the result',
      exitCode: EXIT.usage,
    });
  const tables = await declaredTables(sql);
  const only = tables.length === 1 ? tables[0]?.name : undefined;
  const inputs = options.input.map((text) => {
    const { party, table, value } = parseInput(text);
    const maxRows = Number(value);
    if (!Number.isSafeInteger(maxRows) || maxRows < 1)
      throw new MpcError('usage.input', `${JSON.stringify(text)} gives no row limit`, {
        hint: 'write --input acme=10000',
        exitCode: EXIT.usage,
      });
    const name = table ?? only;
    if (name === undefined)
      throw new MpcError('usage.input', `${JSON.stringify(text)} does not say which table`, {
        hint: `write --input party:table=rows; the tables are ${tables.map((declared) => declared.name).join(', ')}`,
        exitCode: EXIT.usage,
      });
    return { party, table: name, maxRows };
  });
  const { descriptor, query } = await describeCollaboration({
    sql,
    inputs,
    outputs: options.output,
    minGroupSize: options.minGroup,
    keys: trust,
    deadlineMs: Date.now() + options.hours * HOUR_MS,
  });
  writeFileSync(options.out, `${JSON.stringify(descriptor, null, 2)}\n`);
  process.stderr.write(
    `${query.disclosure.join('\n')}\n\nwritten to ${options.out}; its digest, to compare and approve:\n`,
  );
  process.stdout.write(`${descriptorDigest(descriptor)}\n`);
}
