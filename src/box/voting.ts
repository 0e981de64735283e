/**
 * Owns the voter's side: what an election is, checked against its id; handing envelopes to all servers that answer; and asking them
 * where a ballot stands.
 * Must never believe a server without its signature under a key that the descriptor names.
 */
import { z } from 'zod';
import { BallotType, type Choice } from '../ballot/election-type.ts';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { reportSchema } from '../coordination/report.ts';
import type { Credential } from '../election/credential.ts';
import {
  ELECTION_SERVERS,
  type ElectionDescriptor,
  type ElectionServer,
  electionDigest,
  electionId,
  kindOfBallots,
} from '../election/descriptor.ts';
import { BallotCaster, readEnvelope } from '../election/envelope.ts';
import { trackerOf } from '../election/items.ts';
import {
  type ElectionInfo,
  electionInfoSchema,
  isReceiptOf,
  isSealingKeyOf,
  isStandingOf,
  type Receipt,
  receiptSchema,
  type Standing,
  standingSchema,
} from '../election/receipts.ts';
import type { Question } from './answers.ts';

const PATIENCE_MS = 10_000;
const errorSchema = z.strictObject({ error: reportSchema });

/** What one server answered: its word, or why there is none. */
export type Answered<Value> =
  | { readonly server: ElectionServer; readonly value: Value }
  | { readonly server: ElectionServer; readonly error: MpcError };

export interface VotingPlace {
  readonly bus: Bus;
  readonly deployment: string;
  readonly patienceMs?: number;
}

/** An election as a voter knows it. */
export interface VotersElection {
  readonly id: string;
  readonly digest: string;
  readonly descriptor: ElectionDescriptor;
  readonly type: BallotType;
  readonly caster: BallotCaster;
  readonly status: string;
}

/** Asks the servers one after the other. Throws `election.unreachable`, or `election.not-open` while keys are missing. */
export async function fetchElection(place: VotingPlace, id: string): Promise<VotersElection> {
  let last: MpcError | undefined;
  for (const server of ELECTION_SERVERS) {
    try {
      return electionOf(id, await ask(place, server, id, { what: 'election' }, electionInfoSchema));
    } catch (error) {
      if (!(error instanceof MpcError)) throw error;
      last = error;
    }
  }
  throw last ?? new MpcError('election.unreachable', 'no server answers');
}

function electionOf(id: string, { descriptor, sealingKeys, status }: ElectionInfo): VotersElection {
  const digest = electionDigest(descriptor);
  if (electionId(digest) !== id) throw untrue('told of another election');
  const keys = ELECTION_SERVERS.map((server) => {
    const said = sealingKeys[server];
    if (said === undefined)
      throw new MpcError('election.not-open', `${server} has not joined the election yet`, {
        hint: 'try again when the registrar has opened it',
        exitCode: EXIT.temporary,
      });
    if (!isSealingKeyOf(descriptor.keys[server] ?? '', digest, server, said.key, said.signature))
      throw untrue(`told of a sealing key that ${server} did not sign`);
    return new Uint8Array(Buffer.from(said.key, 'base64url'));
  });
  const type = new BallotType(kindOfBallots(descriptor));
  const caster = new BallotCaster({ election: id, digest, type, sealingKeys: keys });
  return { id, digest, descriptor, type, caster, status };
}

/** One voter's ballot, sealed here and handed to every server. `counter`: above those of the voter's earlier ballots. */
export async function castBallot(
  place: VotingPlace,
  election: VotersElection,
  { voter, identity }: Credential,
  counter: number,
  choice: Choice,
  random: RandomSource,
): Promise<{ readonly tracker: string; readonly answers: readonly Answered<Receipt>[] }> {
  const bytes = election.caster.cast(voter, identity, counter, choice, random);
  const tracker = trackerOf(election.id, readEnvelope(election.type.sizes, bytes));
  return { tracker, answers: await handIn(place, election, bytes) };
}

/** Hands the same envelopes (one after the other) to every server, and collects their signed receipts. */
export function handIn(
  place: VotingPlace,
  election: VotersElection,
  envelopes: Uint8Array,
): Promise<Answered<Receipt>[]> {
  return fromAll(async (server) => {
    const subject = subjects.election(place.deployment, server, 'voter', 'ballots', election.id);
    const receipt = await request(place, server, subject, envelopes, receiptSchema);
    const isTrue =
      receipt.server === server &&
      receipt.election === election.id &&
      isReceiptOf(election.descriptor.keys[server] ?? '', receipt);
    if (!isTrue) throw untrue(`gave a receipt that ${server} did not sign`);
    return receipt;
  });
}

export function askStanding(
  place: VotingPlace,
  election: VotersElection,
  tracker: string,
): Promise<Answered<Standing>[]> {
  return fromAll(async (server) => {
    const said = await ask(place, server, election.id, { what: 'ballot', tracker }, standingSchema);
    const isTrue =
      said.server === server &&
      said.election === election.id &&
      said.tracker === tracker &&
      isStandingOf(election.descriptor.keys[server] ?? '', said);
    if (!isTrue) throw untrue(`gave an answer that ${server} did not sign`);
    return said;
  });
}

function fromAll<Value>(one: (server: ElectionServer) => Promise<Value>): Promise<Answered<Value>[]> {
  return Promise.all(
    ELECTION_SERVERS.map(async (server): Promise<Answered<Value>> => {
      try {
        return { server, value: await one(server) };
      } catch (error) {
        if (error instanceof MpcError) return { server, error };
        throw error;
      }
    }),
  );
}

function ask<Value>(
  place: VotingPlace,
  server: ElectionServer,
  id: string,
  question: Question,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const subject = subjects.election(place.deployment, server, 'voter', 'ask', id);
  return request(place, server, subject, utf8.encode(canonicalJson(question)), schema);
}

async function request<Value>(
  { bus, patienceMs = PATIENCE_MS }: VotingPlace,
  server: ElectionServer,
  subject: string,
  data: Uint8Array,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const answer = jsonOf(await bus.request(subject, data, patienceMs));
  const failed = errorSchema.safeParse(answer);
  if (failed.success) {
    const { code, message, hint } = failed.data.error;
    throw MpcError.from({ code, message, ...(hint === undefined ? {} : { hint }) }, EXIT.protocol);
  }
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw untrue(`answered something that is not of this version (${server})`);
  return parsed.data;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

const untrue = (what: string): MpcError =>
  new MpcError('election.untrue', `a server ${what}`, {
    hint: 'do not vote there; tell the registrar',
    exitCode: EXIT.protocol,
  });
