/**
 * Owns `npm run bench:gates`: what an element of each busy gate costs dealer and servers in computation alone, on one core,
 * in memory, nothing sent. Best of several runs: the machine's noise only adds.
 */
import { randomFillSync } from 'node:crypto';
import { concatBytes } from '../src/base/bytes.ts';
import { assert } from '../src/base/errors.ts';
import { systemRandom } from '../src/base/random.ts';
import type { Gate, Shape } from '../src/gates/gate.ts';
import type { Operation } from '../src/gates/operations.ts';
import { GATES } from '../src/gates/registry.ts';
import type { Words } from '../src/ring/words.ts';
import { wordsOf } from '../src/ring/words.ts';
import { DealerTapes } from '../src/tape/dealer-tape.ts';
import { tapeLayout } from '../src/tape/layout.ts';
import { Seed } from '../src/tape/seed.ts';
import { memoryReader, tapeOfServerA, tapeOfServerB } from '../src/tape/server-tape.ts';

const RUNS = 15;
const NODE = 0;

interface Work {
  readonly name: string;
  readonly operation: Operation;
  readonly inputs: number;
  readonly elements: number;
}

const WORK: readonly Work[] = [
  { name: 'lessThanZero', operation: { op: 'lessThanZero' }, inputs: 1, elements: 200_000 },
  { name: 'equalsZero', operation: { op: 'equalsZero' }, inputs: 1, elements: 200_000 },
  {
    name: 'dcfLessThanZero',
    operation: { op: 'dcfLessThanZero', bits: 64 },
    inputs: 1,
    elements: 10_000,
  },
  { name: 'dpfEqualsZero', operation: { op: 'dpfEqualsZero', bits: 64 }, inputs: 1, elements: 10_000 },
  { name: 'groupSum D=8', operation: { op: 'groupSum', domain: 8 }, inputs: 2, elements: 100_000 },
  { name: 'groupSum D=32', operation: { op: 'groupSum', domain: 32 }, inputs: 2, elements: 30_000 },
  { name: 'multiply', operation: { op: 'multiply' }, inputs: 2, elements: 400_000 },
  { name: 'truncate', operation: { op: 'truncate', bits: 20 }, inputs: 1, elements: 400_000 },
  {
    name: 'lookup D=16',
    operation: { op: 'lookup', table: Array.from({ length: 16 }, (_, i) => String(i * i)) },
    inputs: 1,
    elements: 50_000,
  },
  {
    name: 'matrix 256^3',
    operation: { op: 'matrixProduct', rows: 256, inner: 256, columns: 256 },
    inputs: 2,
    elements: 256 * 256,
  },
];

process.stdout.write('ns an element      dealer      A      B    all\n');
for (const work of WORK) {
  const best = { dealer: Infinity, a: Infinity, b: Infinity };
  for (let run = 0; run < RUNS; run++) {
    const took = measure(work);
    for (const who of ['dealer', 'a', 'b'] as const) best[who] = Math.min(best[who], took[who]);
  }
  const figures = [best.dealer, best.a, best.b, best.dealer + best.a + best.b];
  process.stdout.write(
    `${work.name.padEnd(16)} ${figures.map((ns) => ns.toFixed(1).padStart(8)).join('')}\n`,
  );
}

/** Nanoseconds an element of one run of the gate. */
function measure({ operation, inputs, elements }: Work): Record<'dealer' | 'a' | 'b', number> {
  // The registry pairs each operation's name with its own gate.
  const gate = GATES[operation.op as keyof typeof GATES] as unknown as Gate<Operation>;
  const shapes: Shape[] = Array.from({ length: inputs }, () => ({
    kind: 'ring',
    form: 'wire',
    length: elements,
  }));
  const lanes = gate.lanes(operation, shapes);
  const uniform = (): Words[] =>
    shapes.map(({ kind, length }) => randomFillSync(new Uint32Array(wordsOf(kind, length))));
  const [masks, masked, shares] = [uniform(), uniform(), uniform()];
  const seeds = { a: Seed.fresh(systemRandom), b: Seed.fresh(systemRandom) };
  const pieces: Uint8Array[] = [];
  const piecesA: Uint8Array[] = [];
  const perElement = (work: () => void): number => {
    const startedMs = performance.now();
    work();
    return ((performance.now() - startedMs) * 1e6) / elements;
  };
  const dealer = perElement(() => {
    const tapes = new DealerTapes(seeds, (bytes, holders) => {
      pieces.push(bytes);
      if (holders === 'both') piecesA.push(bytes);
    });
    gate.deal(operation, shapes, masks, tapes.node(NODE, lanes));
  });
  const [corrections, correctionsA] = [concatBytes(...pieces), concatBytes(...piecesA)];
  const tapes = {
    a: tapeOfServerA(seeds.a, { layout: tapeLayout([lanes], 'a'), read: memoryReader(correctionsA) }),
    b: tapeOfServerB(seeds.b, tapeLayout([lanes]), memoryReader(corrections)),
  };
  const serve = (server: 'a' | 'b') =>
    perElement(() => {
      const values = masked.map((words, k) => ({ form: 'wire' as const, masked: words, mask: shares[k]! }));
      const evaluation = gate.evaluate(operation, shapes, values, tapes[server].node(NODE), server);
      // What is opened is uniform, and nothing depends on what it is: this server's own message serves.
      for (let step = evaluation.next(); !step.done; ) {
        assert(step.value.kind !== 'transfer', 'a busy gate opens, and transfers nothing');
        step = evaluation.next(step.value.share);
      }
    });
  return { dealer, a: serve('a'), b: serve('b') };
}
