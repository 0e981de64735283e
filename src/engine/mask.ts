/**
 * Owns how rows leave a client: masked, as one canonical byte string that both servers receive alike; and how servers
 * put the parties' strings together again. x^ = x + r_A + r_B (bits: XOR), where the party makes r_A and r_B itself from
 * the sub-seeds that the two servers told it.
 * Must never let a plain word out, nor mask two different row sets with the same sub-seeds: their difference would show.
 */
import { createHash } from 'node:crypto';
import { bytesOfWords, concatBytes, hex, sha256, utf8 } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { Kind } from '../gates/gate.ts';
import { planInputs } from '../plan/check.ts';
import { type NodeId, type Plan, resultOf } from '../plan/plan.ts';
import { type Words, wordsOf } from '../ring/words.ts';
import { combine, inputMask, partsOf, type RowRange } from '../tape/input-mask.ts';
import type { Seed } from '../tape/seed.ts';
import { slicesOf } from './tape.ts';

const UPLOAD_LABEL = utf8.encode('mpc/1 upload\n');

/** One input node's share of a party's upload: its `capacity` elements. */
export interface UploadPart {
  readonly node: NodeId;
  readonly kind: Kind;
  readonly capacity: number;
}

export interface MaskOptions {
  readonly plan: Plan;
  readonly party: string;
  /** Plain words of this party's slice of each input node it takes part in (see `uploadParts`), padding rows zero. */
  readonly rows: ReadonlyMap<NodeId, Words>;
  /** This party's sub-seeds of the two servers' seeds (`inputSeed` in src/tape). */
  readonly subSeedA: Seed;
  readonly subSeedB: Seed;
}

/** What a party's upload is made of: the input nodes of the tables it has a slice in, in node order. */
export function uploadParts(plan: Plan, party: string): UploadPart[] {
  return planInputs(plan).flatMap(({ node, input }) =>
    slicesOf(plan, input.table)
      .filter((slice) => slice.party === party)
      .map(({ capacity }) => ({ node, kind: input.kind, capacity })),
  );
}

/** Bytes of a party's upload. */
export function uploadBytes(plan: Plan, party: string): number {
  return uploadParts(plan, party).reduce((sum, part) => sum + partBytes(part), 0);
}

/** The parties that have a slice in a table of the plan, sorted. */
export const inputParties = (plan: Plan): string[] =>
  sliceNames(plan).filter((name) => resultOf(name) === undefined);

/** Those, and what stands for results that are read. */
function sliceNames(plan: Plan): string[] {
  return [...new Set(plan.tables.flatMap(({ slices }) => slices.map(({ party }) => party)))].sort();
}

/** The masked rows of one party, as the bytes both servers receive. */
export function maskRows({ plan, party, rows, subSeedA, subSeedB }: MaskOptions): Uint8Array {
  const masked = uploadParts(plan, party).map(({ node, kind, capacity }) => {
    const plain = rows.get(node);
    assert(plain?.length === wordsOf(kind, capacity), 'every input node of this party has its words');
    const mask = combine(
      kind,
      inputMask(subSeedA, node, kind, capacity),
      inputMask(subSeedB, node, kind, capacity),
    );
    return bytesOfWords(combine(kind, plain, mask));
  });
  return concatBytes(...masked);
}

/** Digest of one party's upload: what it signs, and what the two servers compare. */
export function uploadDigest(upload: Uint8Array): string {
  return hex.encode(sha256(UPLOAD_LABEL, upload));
}

/** The same of an upload that comes in pieces. */
export async function storedUploadDigest(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256').update(UPLOAD_LABEL);
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** Refuses an upload of the wrong size with `rows.wrong-size`. */
export function checkUpload(plan: Plan, party: string, bytes: number): void {
  const expected = uploadBytes(plan, party);
  if (bytes === expected) return;
  throw new MpcError(
    'rows.wrong-size',
    `${party} sent ${bytes} bytes of masked rows instead of ${expected}`,
    {
      place: { party },
      exitCode: EXIT.badData,
      hint: 'the client masked rows for another plan, or the upload was cut short: send it again',
    },
  );
}

/** A party's upload where it lies. */
export interface StoredUpload {
  readonly bytes: number;
  /** Fills `into` with the upload's bytes from `offset` on. */
  read(offset: number, into: Uint8Array): void;
}

/** The masked words of some rows of an input node, in a vector of its own. */
export type MaskedRows = (node: NodeId, rows: RowRange) => Words;

/**
 * The masked rows of all parties, read where they are wanted. Rows that servers hold as shares may lack a party's: they are
 * zeros then; those of a result are this server's shares, laid out as an upload. Throws `rows.wrong-size` and `rows.missing`.
 */
export function maskedRows(plan: Plan, uploads: ReadonlyMap<string, StoredUpload>): MaskedRows {
  const places = new Map<string, { readonly upload: StoredUpload; readonly offset: number }>();
  const inputs = new Map(planInputs(plan).map(({ node, input }) => [node, input]));
  for (const party of sliceNames(plan)) {
    const upload = uploads.get(party);
    if (!upload) {
      const mayBeAbsent = uploadParts(plan, party).every(({ node }) => inputs.get(node)?.form === 'share');
      if (mayBeAbsent && resultOf(party) === undefined) continue;
      throw new MpcError('rows.missing', `${party} has sent no rows`, {
        place: { party },
        exitCode: EXIT.noInput,
        hint: 'the computation needs the rows of every party; a party without rows sends an empty file',
      });
    }
    checkUpload(plan, party, upload.bytes);
    let offset = 0;
    for (const part of uploadParts(plan, party)) {
      places.set(`${part.node} ${party}`, { upload, offset });
      offset += partBytes(part);
    }
  }
  return (node, rows) => {
    const { kind, table } = inputs.get(node)!;
    const words = new Uint32Array(wordsOf(kind, rows.length));
    for (const { slice, from, at, count } of partsOf(slicesOf(plan, table), rows)) {
      const place = places.get(`${node} ${slice.party}`);
      if (place === undefined) continue;
      const { upload, offset } = place;
      const part = words.subarray(wordsOf(kind, at), wordsOf(kind, at + count));
      upload.read(offset + 4 * wordsOf(kind, from), bytesOfWords(part));
    }
    return words;
  };
}

/** The same of uploads in memory. */
export function assembleInputs(plan: Plan, uploads: ReadonlyMap<string, Uint8Array>): MaskedRows {
  const stored = [...uploads].map(([party, upload]): [string, StoredUpload] => [
    party,
    {
      bytes: upload.length,
      read: (offset, into) => into.set(upload.subarray(offset, offset + into.length)),
    },
  ]);
  return maskedRows(plan, new Map(stored));
}

const partBytes = ({ kind, capacity }: UploadPart): number => 4 * wordsOf(kind, capacity);
