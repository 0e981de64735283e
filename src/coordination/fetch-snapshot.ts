/**
 * Owns getting a whole state from another replica: asked for part by part, believed once it is all there and its digest is
 * what a coordinator's key signed.
 * Must never start from a state that is not whole, of another deployment, or ahead of the log.
 */
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { MpcError, reportOf } from '../base/errors.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { StateSnapshot, Trust } from './records.ts';
import { isSigned } from './signatures.ts';
import { StateReader, stateDigest } from './snapshot.ts';
import { SNAPSHOT, snapshotText } from './snapshot-desk.ts';

/** A large state takes its replica a while to digest. */
const HEAD_MS = 10_000;
const PART_MS = 5_000;
/** A lost part is asked for this often. */
const PART_ATTEMPTS = 4;
/** Nobody may be told to wait for parts for ever. */
const MOST_PARTS = 1_000_000;

const headSchema = z.strictObject({
  replica: z.string().regex(/^[a-z0-9]{1,64}$/),
  name: z.string().regex(/^[0-9]{1,16}$/),
  sequence: z.int().min(0),
  chain: z.string().max(64),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().max(100),
});

export interface FetchOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly trust: Trust;
  /** The last entry of the log. */
  readonly logEnds: number;
  /** Why another replica's state is not used, if one answered. */
  readonly onTrouble: (fault: MpcError) => void;
}

/** Undefined when nobody answers, or what they say does not hold: the log alone gives the same state. */
export async function fetchSnapshot(options: FetchOptions): Promise<StateSnapshot | undefined> {
  try {
    return await fetched(options);
  } catch (error) {
    const fault = error instanceof MpcError ? error : MpcError.from(reportOf(error));
    if (fault.code !== 'bus.no-responders') options.onTrouble(fault);
    return undefined;
  }
}

async function fetched({ bus, deployment, trust, logEnds }: FetchOptions): Promise<StateSnapshot> {
  const answer = await bus.request(subjects.snapshot(deployment), new Uint8Array(), HEAD_MS);
  const head = headSchema.parse(JSON.parse(utf8.decode(answer)));
  const { replica, name, sequence, chain, digest, signature } = head;
  const key = trust.coordinator;
  const text = snapshotText({ deployment, sequence, chain, digest });
  if (key === undefined || !isSigned(key, SNAPSHOT, text, signature))
    throw refused("a snapshot has not the coordinator's signature");
  if (sequence > logEnds) throw refused(`a snapshot is of entry ${sequence}, and the log ends at ${logEnds}`);
  const reader = new StateReader();
  for (let number = 1; number <= MOST_PARTS; number++) {
    const part = await partOf(bus, subjects.snapshot(deployment, replica), `${name} ${number}`);
    if (part === '') break;
    for (const line of part.split('\n')) if (line !== '') reader.take(line);
  }
  const state = reader.finish();
  if (stateDigest(state) !== digest || state.sequence !== sequence || state.chain !== chain)
    throw refused('a snapshot is not whole, or not the one that was signed');
  return state;
}

async function partOf(bus: Bus, subject: string, which: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return utf8.decode(await bus.request(subject, utf8.encode(which), PART_MS));
    } catch (error) {
      if (attempt === PART_ATTEMPTS || !(error instanceof MpcError) || error.code !== 'bus.timeout')
        throw error;
    }
  }
}

const refused = (message: string): MpcError =>
  new MpcError('snapshot.refused', message, { hint: 'the state is built from the log instead' });
