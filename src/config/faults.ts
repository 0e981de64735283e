/**
 * Owns what is wrong in a configuration file, setting by setting: where, what, and what would be right.
 */
import { z } from 'zod';
import { EXIT, MpcError } from '../base/errors.ts';
import type { Path, TomlFile } from './toml.ts';

export interface ConfigFault {
  readonly file: string;
  readonly line?: number;
  /** The setting, as `table.name`; empty for the file as a whole. */
  readonly setting: string;
  readonly message: string;
  readonly hint?: string;
}

/** A fault of what stands at `path`. */
export function faultAt(toml: TomlFile, path: Path, message: string, hint?: string): ConfigFault {
  const line = toml.lineOf(path);
  return {
    file: toml.file,
    ...(line === undefined ? {} : { line }),
    setting: path.join('.'),
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** What a schema found, in the order of the file. */
export function schemaFaults(error: z.ZodError, schema: z.ZodType, toml: TomlFile): ConfigFault[] {
  const faults = error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((name) =>
        faultAt(toml, [...path, name], 'there is no such setting', knownAt(schema, path)),
      );
    const isMissing = /received undefined$/.test(issue.message);
    return faultAt(toml, path, isMissing ? 'it is missing' : issue.message);
  });
  return faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** One error of one or several faults, exit code 78. The place is the first one's. */
export function configError(faults: readonly ConfigFault[]): MpcError {
  const [first, ...others] = faults;
  if (first === undefined) throw new Error('assertion failed: an error has a fault');
  const { file, line, hint } = first;
  return new MpcError('config.invalid', [sentence(first), ...others.map(placed)].join('; '), {
    place: { file, ...(line === undefined ? {} : { line }) },
    hint: hint ?? `correct it; mpc config check ${file} shows all that is wrong`,
    exitCode: EXIT.badConfig,
  });
}

const sentence = ({ setting, message }: ConfigFault): string =>
  setting === '' ? message : `${setting}: ${message}`;

const placed = (fault: ConfigFault): string =>
  fault.line === undefined ? sentence(fault) : `line ${fault.line}: ${sentence(fault)}`;

function knownAt(schema: z.ZodType, path: Path): string | undefined {
  let at: unknown = bare(schema);
  for (const part of path) at = at instanceof z.ZodObject ? bare(at.shape[part]) : undefined;
  return at instanceof z.ZodObject ? `there are: ${Object.keys(at.shape).join(', ')}` : undefined;
}

/** Without optional, default and the like. */
function bare(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodPrefault)
    at = at.unwrap();
  return at;
}
