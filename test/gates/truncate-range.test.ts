/**
 * Owns the promise of truncate over its whole range: ten million results, under as many masks, and never an error of more than one
 * unit. A wrap-around would be an error of 2^(64-f).
 */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import test from 'node:test';
import { truncateGate } from '../../src/gates/truncate.ts';
import type { Words } from '../../src/ring/words.ts';
import { runGate } from '../support/gate-harness.ts';

const BLOCK = 100_000;
const BLOCKS = 100;

/** 2^0 to 2^61, each with its neighbours, with both signs; 0, and the ends of the range and their neighbours. */
const EDGES: readonly bigint[] = [
  ...Array.from({ length: 62 }, (_, bit) => 1n << BigInt(bit)).flatMap((power) =>
    [-1n, 0n, 1n].flatMap((step) => [power + step, -(power + step)]),
  ),
  ...[0n, 1n, 2n].flatMap((step) => [-(2n ** 62n) + step, 2n ** 62n - 1n - step]),
];

/** Uniform elements of the range, of every size, each tenth one an edge. */
function elements(): Words {
  const words = randomFillSync(new Uint32Array(2 * BLOCK));
  for (let i = 0; i < BLOCK; i++) {
    if (i % 10 === 0) {
      const edge = BigInt.asUintN(64, EDGES[(i / 10) % EDGES.length]!);
      words[2 * i] = Number(edge & 0xffffffffn);
      words[2 * i + 1] = Number(edge >> 32n);
      continue;
    }
    // Of the highest two bits, only 00 and 11 are in range; an arithmetic shift makes numbers of every size.
    const high = ((words[2 * i + 1]! << 1) | 0) >> 1;
    const size = i % 2 === 0 ? 0 : i % 31;
    words[2 * i] = size === 0 ? words[2 * i]! : (words[2 * i]! >>> size) | (high << (32 - size));
    words[2 * i + 1] = high >> size;
  }
  return words;
}

test('ten million truncations over the whole range are the floor or one more, and never wrap', () => {
  const counts = { floor: 0, above: 0 };
  for (let block = 0; block < BLOCKS; block++) {
    const bits = 1 + (block % 62);
    const value = elements();
    const { output, expected } = runGate(
      truncateGate,
      { op: 'truncate', bits },
      [{ kind: 'ring', form: 'wire', length: BLOCK, value }],
      block,
    );
    for (let i = 0; i < 2 * BLOCK; i += 2) {
      const low = (output[i]! - expected[i]!) | 0;
      const carried = output[i]! < expected[i]! ? 1 : 0;
      const high = (output[i + 1]! - expected[i + 1]! - carried) | 0;
      if (high !== 0 || (low !== 0 && low !== 1))
        assert.fail(`element ${i / 2} of block ${block} is off by ${high} 2^32 + ${low >>> 0}`);
      if (low === 0) counts.floor++;
      else counts.above++;
    }
  }
  assert.equal(counts.floor + counts.above, BLOCK * BLOCKS);
  assert.ok(counts.floor > 1e6 && counts.above > 1e6, `${counts.floor} exact, ${counts.above} one more`);
});
