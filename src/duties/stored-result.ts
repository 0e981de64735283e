/**
 * Owns how a server's half of an earlier result becomes rows of a table: this server's share of every element that the new
 * plan reads, laid out as an upload is. What the shares mean, and why nothing is learned, is in src/engine/held.ts.
 * Must never put the two halves together, nor write anything that the two servers would have to exchange.
 */
import { bytesOfWords, concatBytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import { uploadParts } from '../engine/mask.ts';
import type { ServerOutput } from '../engine/outputs.ts';
import { shareOf } from '../gates/forms.ts';
import type { Kind, ServerName } from '../gates/gate.ts';
import { lowBits } from '../gates/low-bit.ts';
import type { InputOperation, Plan } from '../plan/plan.ts';
import { type Words, wordsOf } from '../ring/words.ts';
import type { ResultSpecification } from '../sql/specification.ts';
import { type StoredColumn, storedColumns } from '../sql/stored.ts';

export interface StoredHalf {
  readonly server: ServerName;
  readonly specification: ResultSpecification;
  /** This server's outputs of the run that made it. */
  readonly outputs: readonly ServerOutput[];
}

/** The bytes of this server's shares of a result's rows, for the input nodes of `plan` that have a slice of that name. */
export function storedRows(plan: Plan, slice: string, half: StoredHalf): Uint8Array {
  return concatBytes(
    ...uploadParts(plan, slice).map(({ node, kind, capacity }) => {
      const operation = plan.nodes[node]?.operation;
      assert(operation?.op === 'input', 'a part of an upload is an input node');
      const words = new Uint32Array(wordsOf(kind, capacity));
      words.set(sharesOf(operation, half));
      return bytesOfWords(words);
    }),
  );
}

/** This server's shares of what an input node reads of the candidate rows. */
function sharesOf({ encoding, column: name, kind }: InputOperation, half: StoredHalf): Words {
  if (encoding === 'present') return shown(half);
  const column = storedColumns(half.specification).find((candidate) => candidate.column.name === name);
  assert(column !== undefined, 'a plan reads columns that its result has');
  const { source } = column;
  if (source.from === 'key') return publicShares(column, encoding, kind, half);
  if (encoding === 'value') return output(source.value, kind, half);
  return source.known === undefined ? shown(half) : output(source.known, 'bits', half);
}

/** Which candidate rows are part of the result. */
function shown(half: StoredHalf): Words {
  const { shown: name, rows } = half.specification;
  return name === undefined
    ? publicBits(
        Array.from({ length: rows }, () => true),
        half.server,
      )
    : output(name, 'bits', half);
}

/** What everybody knows is server A's share, and nothing is server B's. */
function publicShares(
  { units = [] }: StoredColumn,
  encoding: 'value' | 'known',
  kind: Kind,
  { server }: StoredHalf,
): Words {
  if (encoding === 'known')
    return publicBits(
      units.map((value) => value !== undefined),
      server,
    );
  if (kind === 'bits')
    return publicBits(
      units.map((value) => value === 1n),
      server,
    );
  const words = new Uint32Array(wordsOf('ring', units.length));
  if (server === 'b') return words;
  units.forEach((value = 0n, row) => {
    words[2 * row] = Number(BigInt.asUintN(32, value));
    words[2 * row + 1] = Number(BigInt.asUintN(32, value >> 32n));
  });
  return words;
}

function publicBits(bits: readonly boolean[], server: ServerName): Words {
  const words = new Uint32Array(wordsOf('bits', bits.length));
  if (server === 'a')
    bits.forEach((bit, row) => {
      if (bit) words[row >>> 5] = words[row >>> 5]! | (1 << (row & 31));
    });
  return words;
}

/** A share of one output. Integers 0 and 1 as bits are the shares' lowest bits: a sum modulo 2 is an XOR. */
function output(name: string, kind: Kind, { server, outputs }: StoredHalf): Words {
  const found = outputs.find((candidate) => candidate.name === name);
  assert(found !== undefined, 'a result has the outputs that its plan says');
  const { masked, maskShare } = found;
  const share = shareOf({ form: 'wire', masked, mask: maskShare }, found.kind, server);
  if (found.kind === kind) return share;
  assert(kind === 'bits', 'bits that are held are never read as integers');
  return lowBits(share);
}
