/**
 * Owns the form of one entry of the log: several commands, those with their authors' own signatures and those that a
 * coordinator signed for, all of the latter under one signature.
 * Must never let one faulty command spoil the others of its entry, nor an entry of another version stop a reader.
 *
 *   {"version":2,"signed":[command, …],"vouched":{"text":"[…]","signature":"…"}}
 *
 * `text` is the JSON of the vouched commands, kept as the text that was signed. Version 1 (an entry was one command) is
 * no longer read.
 */
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { assert, type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Identity } from '../identity/keys.ts';
import {
  type Command,
  readCommand,
  readVouched,
  signVouched,
  type Vouched,
  verifyCommand,
  verifyVouched,
} from './commands.ts';
import { faultsOf } from './faults.ts';
import type { Trust } from './records.ts';

const VERSION = 2;
/** Commands in one entry: a reader must not be held up by one for long. */
export const ENTRY_COMMANDS = 512;
/** Bytes of one entry: a message of the broker, less its headers. */
export const ENTRY_BYTES = LIMITS.messageBytes - 4096;

const entrySchema = z.strictObject({
  version: z.literal(VERSION),
  signed: z.array(z.unknown()).max(ENTRY_COMMANDS).optional(),
  vouched: z
    .strictObject({ text: z.string(), signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/) })
    .optional(),
});

/** What one place of an entry holds: a command that its author or a coordinator signed, or why it counts for nothing. */
export type Item =
  | { readonly command: Command | Vouched; readonly fault?: undefined }
  | { readonly command?: undefined; readonly fault: ErrorReport };

export interface EntryParts {
  readonly deployment: string;
  readonly signed: readonly Command[];
  readonly vouched: readonly Vouched[];
  /** The coordinator's; needed for vouched commands only. */
  readonly coordinator?: Identity;
}

/** The bytes of an entry: the signed commands first, then the vouched ones. */
export function entryBytes({ deployment, signed, vouched, coordinator }: EntryParts): Uint8Array {
  const parts: Record<string, Json> = { version: VERSION };
  if (signed.length > 0) parts.signed = signed as unknown as Json; // as in `commandBytes`
  if (vouched.length > 0) {
    assert(coordinator !== undefined, "vouched commands need the coordinator's key");
    const text = canonicalJson(vouched as unknown as Json);
    parts.vouched = { text, signature: signVouched(deployment, coordinator, text) };
  }
  return utf8.encode(canonicalJson(parts));
}

/** Reads an entry and checks who said what. Never throws: what does not fit is a fault in its place. */
export function readEntry(deployment: string, trust: Trust, data: Uint8Array): Item[] {
  const parsed = parsedEntry(data);
  if ('fault' in parsed) return [{ fault: parsed.fault }];
  const { signed = [], vouched } = parsed;
  const items = signed.map((value) =>
    itemOf(() => {
      const command = readCommand(value);
      verifyCommand(deployment, command, trust[command.author]);
      return command;
    }),
  );
  return vouched === undefined ? items : [...items, ...readTogether(deployment, trust, vouched)];
}

type Parsed = z.infer<typeof entrySchema>;

function parsedEntry(data: Uint8Array): Parsed | { readonly fault: ErrorReport } {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(data));
  } catch {
    return { fault: faulty('not a JSON text in UTF-8') };
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : 1;
  if (version !== VERSION) return { fault: OTHER_VERSION };
  const parsed = entrySchema.safeParse(value);
  return parsed.success ? parsed.data : { fault: faulty(faultsOf(parsed.error)) };
}

function readTogether(
  deployment: string,
  trust: Trust,
  { text, signature }: NonNullable<Parsed['vouched']>,
): Item[] {
  try {
    verifyVouched(deployment, text, signature, trust.coordinator);
    const values: unknown = JSON.parse(text);
    if (!Array.isArray(values) || values.length > ENTRY_COMMANDS)
      return [{ fault: faulty('its vouched commands are no list, or too many') }];
    return values.map((value) => itemOf(() => readVouched(value)));
  } catch (error) {
    return [
      { fault: error instanceof MpcError ? error.report() : faulty('its vouched commands are no JSON') },
    ];
  }
}

function itemOf(read: () => Command | Vouched): Item {
  try {
    return { command: read() };
  } catch (error) {
    if (error instanceof MpcError) return { fault: reportOf(error) };
    throw error;
  }
}

const faulty = (what: string): ErrorReport => ({
  code: 'entry.malformed',
  message: `malformed entry: ${what}`,
});

const OTHER_VERSION: ErrorReport = {
  code: 'entry.unknown-version',
  message: 'the entry is of another version',
  hint: 'run one version everywhere',
};
