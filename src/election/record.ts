/**
 * Owns the published record of an election: every signed command of it, one canonical line each; and checking it offline, with
 * nothing but the registrar's key. The check plays the lines through the same chapter as every replica.
 * Must never accept a record in which any byte is not as its author signed it, nor one that is not whole.
 */
import { utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { type Command, readCommand, verifyCommand } from '../coordination/commands.ts';
import { entryBytes } from '../coordination/entries.ts';
import { LogState } from '../coordination/state.ts';
import type { PublicKey } from '../identity/keys.ts';
import { electionsChapter } from './chapter.ts';
import { Counting } from './counting.ts';
import {
  ELECTION_SERVERS,
  type ElectionDescriptor,
  electionDescriptorSchema,
  electionDigest,
  electionId,
} from './descriptor.ts';
import { boxRoot } from './items.ts';
import type { LifeChart } from './life.ts';
import { combineFragments, type ResultLine, resultLines } from './result.ts';
import { type Election, ElectionsView } from './rows.ts';

export const recordLine = (command: Command): string => `${canonicalJson(command as unknown as Json)}\n`; // its type is JSON

/** What a record that holds says. */
export interface CheckedRecord {
  readonly id: string;
  readonly descriptor: ElectionDescriptor;
  readonly status: string;
  readonly commands: number;
  readonly voters: number;
  /** Ballots in the box, those that count, those rejected, those replaced by a later one of the same voter. */
  readonly ballots: number;
  readonly counted: number;
  readonly rejected: number;
  readonly replaced: number;
  readonly root: string;
  readonly result: readonly ResultLine[];
}

/** Throws `record.*` with the line. */
export function checkRecord(bytes: Uint8Array, registrar: PublicKey, chart: LifeChart): CheckedRecord {
  const commands = linesOf(bytes).map((line, at) => commandOf(line, at + 1));
  const descriptor = descriptorOf(commands[0]);
  const registrarAddress = `party-${descriptor.registrar}`;
  if (descriptor.keys[registrarAddress] !== registrar)
    throw fault(1, 'other-registrar', 'the election is not of the registrar whose key was given');
  const trust = descriptor.keys;
  const state = new LogState({
    deployment: descriptor.deployment,
    trust,
    chapters: [electionsChapter({ deployment: descriptor.deployment, trust, chart })],
  });
  commands.forEach((command, at) => {
    play(state, descriptor, command, at + 1);
  });
  const view = new ElectionsView(state);
  const id = electionId(electionDigest(descriptor));
  const election = view.election(id);
  if (election === undefined) throw fault(1, 'malformed', 'it is of no election');
  return conclude(view, descriptor, election, commands.length);
}

function play(state: LogState, descriptor: ElectionDescriptor, command: Command, line: number): void {
  try {
    verifyCommand(descriptor.deployment, command, descriptor.keys[command.author]);
  } catch (error) {
    if (error instanceof MpcError) throw fault(line, 'signature', error.message);
    throw error;
  }
  const { deployment } = descriptor;
  // Nobody signed when it was said; a server may close after the deadline only, and replicas saw to that.
  const isLate = command.body.kind === 'election.close' && command.author.startsWith('server-');
  const applied = state.apply({
    sequence: state.sequence + 1,
    timeMs: isLate ? descriptor.deadlineMs : 0,
    data: entryBytes({ deployment, signed: [command], vouched: [] }),
  });
  const [one] = applied;
  if (one === undefined || one.duplicate) throw fault(line, 'repeated', 'the command is there twice');
  if (!one.outcome.ok) throw fault(line, 'refused', one.outcome.error.message);
}

/** What the lines add up to must be what the servers signed. */
function conclude(
  view: ElectionsView,
  descriptor: ElectionDescriptor,
  election: Election,
  commands: number,
): CheckedRecord {
  const { id, status, life, ballots, batches, voters } = election;
  if (status === 'cancelled' || status === 'disputed')
    return {
      ...{ id, descriptor, status, commands, voters, ballots },
      ...{ counted: 0, rejected: 0, replaced: 0, root: '', result: [] },
    };
  if (status !== 'published') throw fault(commands, 'unfinished', `it ends while the election is ${status}`);
  const verdicts = ELECTION_SERVERS.map((server) => view.rejected(id, server));
  const [rejected = new Map<number, string>()] = verdicts;
  for (const [at, server] of ELECTION_SERVERS.entries()) {
    const own = verdicts[at] ?? new Map();
    if (election.progress[server]?.verified !== batches)
      throw fault(commands, 'unverified', `${server} has not verified every ballot`);
    if (
      own.size !== rejected.size ||
      [...own].some(([position, reason]) => rejected.get(position) !== reason)
    )
      throw fault(commands, 'verdicts', `${server} rejected other ballots than ${ELECTION_SERVERS[0]}`);
  }
  const counting = new Counting();
  for (let index = 0; index < batches; index++) {
    const batch = view.batch(id, index);
    batch?.items.forEach((item, at) => {
      if (!rejected.has(batch.from + at)) counting.take(batch.from + at, item);
    });
  }
  const root = boxRoot(counting.counted(id));
  for (const server of ELECTION_SERVERS) {
    const seal = life.context.seals[server];
    if (seal?.root !== root || seal.counted !== counting.size || seal.rejected !== rejected.size)
      throw fault(commands, 'root', `${server} signed another set of ballots than the one in the record`);
  }
  const fragments = ELECTION_SERVERS.map((server) => life.context.fragments[server] ?? '');
  const sums = combineFragments(descriptor, fragments, counting.size);
  if (sums === undefined) throw fault(commands, 'tally', 'the three fragments add up to no possible result');
  return {
    ...{ id, descriptor, status, commands, voters, ballots, root },
    counted: counting.size,
    rejected: rejected.size,
    replaced: ballots - rejected.size - counting.size,
    result: resultLines(descriptor, sums, counting.size),
  };
}

function linesOf(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw fault(1, 'malformed', 'it is not text in UTF-8');
  }
  // A byte order mark would be swallowed.
  if (utf8.encode(text).length !== bytes.length) throw fault(1, 'malformed', 'it is not text in UTF-8');
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length === 0)
    throw fault(lines.length + 1, 'malformed', 'the last line has no end');
  return lines;
}

function commandOf(line: string, number: number): Command {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw fault(number, 'malformed', 'the line is no JSON');
  }
  let canonical: string;
  try {
    canonical = canonicalJson(value as Json); // parsed from JSON
  } catch {
    throw fault(number, 'malformed', 'the line holds a number that is none of ours');
  }
  if (canonical !== line) throw fault(number, 'not-canonical', 'the line is not in the one form there is');
  try {
    const command = readCommand(value);
    // The last character of a signature has bits to spare: only one form of them is taken.
    if (Buffer.from(command.signature, 'base64url').toString('base64url') !== command.signature)
      throw fault(number, 'not-canonical', 'the signature is not in the one form there is');
    return command;
  } catch (error) {
    if (error instanceof MpcError && !error.code.startsWith('record.'))
      throw fault(number, 'malformed', error.message);
    throw error;
  }
}

function descriptorOf(command: Command | undefined): ElectionDescriptor {
  const parsed = electionDescriptorSchema.safeParse(command?.body.descriptor);
  if (command?.body.kind !== 'election.create' || !parsed.success)
    throw fault(1, 'malformed', 'the first line does not create an election');
  return parsed.data;
}

const fault = (line: number, code: string, message: string): MpcError =>
  new MpcError(`record.${code}`, `the record does not hold: ${message}`, {
    hint: 'get it anew from the log, or from another replica; if it is the same there, do not believe the result',
    place: { line },
    exitCode: EXIT.badData,
  });
