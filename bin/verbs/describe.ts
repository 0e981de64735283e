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
import { storedResults } from '../local/results.ts';
import type { TermOptions } from '../term-options.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface DescribeOptions extends TermOptions {
  readonly config: string;
  readonly nats?: string;
  readonly out: string;
  readonly json?: boolean;
}

export async function describe(queryFile: string, options: DescribeOptions): Promise<void> {
  const flags = options.nats === undefined ? {} : { nats: options.nats };
  const config = loadRoleConfig(options.config, flags, process.env);
  const program = await readProgram(queryFile, options);
  const stored = options.source.length === 0 ? [] : await storedResults(config, options.source);
  const declared = await declaredOf(program, stored);
  const fixed = declared.form === 'plan' ? declared : undefined;
  const bringing = options.input.length + stored.length;
  if (fixed === undefined && (bringing === 0 || options.output.length === 0))
    throw new MpcError('usage.parties', 'a collaboration needs input parties and output parties', {
      hint: 'add --input acme=10000 for each party that brings rows, and --output NAME for each that learns the result',
      exitCode: EXIT.usage,
    });
  const { minParties, wait } = options;
  const { descriptor, query } = await describeCollaboration({
    program,
    inputs: fixed?.inputs ?? (options.input.length === 0 ? [] : inputsOf(declared, options.input)),
    stored,
    outputs: fixed?.receivers ?? options.output,
    minGroupSize: options.minGroup,
    minimum: minParties === undefined ? null : { parties: minParties, waitMs: wait * MINUTE_MS },
    resultUses: options.resultUses,
    reruns: options.reruns,
    roundTripMs: options.roundTrip,
    keys: config.trust,
    deadlineMs: Date.now() + options.hours * HOUR_MS,
  });
  writeFileSync(options.out, `${JSON.stringify(descriptor, null, 2)}\n`);
  const digest = descriptorDigest(descriptor);
  if (options.json === true) {
    const { out: file } = options;
    process.stdout.write(`${JSON.stringify({ digest, file, disclosure: query.disclosure })}\n`);
    return;
  }
  process.stderr.write(
    `${query.disclosure.join('\n')}\n\nwritten to ${options.out}; its digest, to compare and approve:\n`,
  );
  process.stdout.write(`${digest}\n`);
}
