/**
 * What each party sees of a simple gate, on fixed inputs that are anything but random: uniform bytes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitToRingGate } from '../../src/gates/bit-to-ring.ts';
import { dotGate } from '../../src/gates/dot.ts';
import { multiplyGate } from '../../src/gates/multiply.ts';
import { openGate } from '../../src/gates/open.ts';
import { selectGate } from '../../src/gates/select.ts';
import {
  bitsInput as bits,
  bytesOfAll,
  CHI_SQUARE_LIMIT,
  chiSquareOfBytes,
  ringInput as ring,
  runGate,
} from '../support/gate-harness.ts';

test('what is opened, sent and dealt on fixed inputs is uniform', () => {
  const n = 4096;
  const zeros = Array.from({ length: n }, () => 0n);
  const ones = Array.from({ length: n }, () => true);
  const runs = {
    'open of ring': runGate(openGate, { op: 'open' }, [ring(zeros, 'share')], 11),
    'open of bits': runGate(
      openGate,
      { op: 'open' },
      [
        bits(
          Array.from({ length: 64 * n }, () => true),
          'share',
        ),
      ],
      12,
    ),
    'open of a constant-like wire': runGate(openGate, { op: 'open' }, [ring(zeros)], 13),
    multiply: runGate(multiplyGate, { op: 'multiply' }, [ring(zeros), ring(zeros)], 14),
    dot: runGate(dotGate, { op: 'dot', groups: n }, [ring(zeros), ring(zeros)], 15),
    select: runGate(selectGate, { op: 'select' }, [bits(ones), ring(zeros), ring(zeros)], 16),
    bitToRing: runGate(bitToRingGate, { op: 'bitToRing' }, [bits(ones)], 17),
  };
  let checked = 0;
  for (const [name, { opened, sent, corrections }] of Object.entries(runs)) {
    const seen = {
      opened: bytesOfAll(opened),
      'sent by A': bytesOfAll(sent.a),
      'sent by B': bytesOfAll(sent.b),
      corrections,
    };
    for (const [what, bytes] of Object.entries(seen)) {
      if (bytes.length === 0) continue;
      const statistic = chiSquareOfBytes(bytes);
      assert(statistic < CHI_SQUARE_LIMIT, `${name}, ${what}: chi-square ${statistic.toFixed(0)}`);
      checked++;
    }
  }
  assert.equal(checked, 3 * 3 + 4);
});

test('the test of uniformity notices bytes that are slightly skewed', () => {
  const bytes = runGate(
    bitToRingGate,
    { op: 'bitToRing' },
    [bits(Array.from({ length: 4096 }, () => true))],
    18,
  ).corrections;
  assert(chiSquareOfBytes(bytes) < CHI_SQUARE_LIMIT);
  assert(chiSquareOfBytes(bytes.map((byte, i) => (i % 8 === 0 ? byte & 0xfe : byte))) > CHI_SQUARE_LIMIT);
});

test('the same value under another tape is another message, under the same tape the same', () => {
  const sentWith = (number: number) =>
    runGate(openGate, { op: 'open' }, [ring([1n, 2n], 'share')], number).sent;
  assert.deepEqual(sentWith(1), sentWith(1));
  assert.notDeepEqual(sentWith(1), sentWith(2));
});
