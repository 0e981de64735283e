/**
 * Owns `mpc describe`: a descriptor file for others to read and approve, its digest, and what it reveals.
 */
import { writeFileSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import { descriptorDigest } from '../../src/coordination/descriptor.ts';
import { declaredOf } from '../../src/programs/compile.ts';
import { describeCollaboration } from '../local/collaboration.ts';
import { inputsOf } from '../local/inputs.ts';
import { readProgram } from '../local/program-file.ts';

const HOUR_MS = 3_600_000;

export interface DescribeOptions {
  readonly config: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly minGroup: number;
  readonly hours: number;
  readonly bits?: boolean;
  readonly roundTrip: number;
  readonly out: string;
}

export async function describe(queryFile: string, options: DescribeOptions): Promise<void> {
  const { trust } = loadRoleConfig(options.config, {}, process.env);
  const program = await readProgram(queryFile, options);
  const declared = await declaredOf(program);
  const fixed = declared.form === 'plan' ? declared : undefined;
  if (fixed === undefined && (options.input.length === 0 || options.output.length === 0))
    throw new MpcError('usage.parties', 'a collaboration needs input parties and output parties', {
      hint: 'add --input acme=10000 for each party that brings rows, and --output NAME for each that learns the result',
      exitCode: EXIT.usage,
    });
  const { descriptor, query } = await describeCollaboration({
    program,
    inputs: fixed?.inputs ?? inputsOf(declared, options.input),
    outputs: fixed?.receivers ?? options.output,
    minGroupSize: options.minGroup,
    roundTripMs: options.roundTrip,
    keys: trust,
    deadlineMs: Date.now() + options.hours * HOUR_MS,
  });
  writeFileSync(options.out, `${JSON.stringify(descriptor, null, 2)}\n`);
  process.stderr.write(
    `${query.disclosure.join('\n')}\n\nwritten to ${options.out}; its digest, to compare and approve:\n`,
  );
  process.stdout.write(`${descriptorDigest(descriptor)}\n`);
}
