/**
 * Owns `npm run bench:rates`: what a unit of each gate's work takes dealer and servers, as src/plan/calibration.ts holds it. All in
 * one process, in lockstep, nothing sent; best of several runs: the machine's noise only adds.
 */
import { randomFillSync } from 'node:crypto';
import { concatBytes } from '../src/base/bytes.ts';
import { assert } from '../src/base/errors.ts';
import { systemRandom } from '../src/base/random.ts';
import type { Gate, Opening, Shape } from '../src/gates/gate.ts';
import type { Operation } from '../src/gates/operations.ts';
import { gateOf } from '../src/gates/registry.ts';
import { DEFAULT_RATE, GATE_RATES } from '../src/plan/calibration.ts';
import { xor } from '../src/ring/bits.ts';
import { add } from '../src/ring/ring.ts';
import { type Words, wordsOf } from '../src/ring/words.ts';
import { DealerTapes } from '../src/tape/dealer-tape.ts';
import { tapeLayout } from '../src/tape/layout.ts';
import { Seed } from '../src/tape/seed.ts';
import { memoryReader, tapeOfServerA, tapeOfServerB } from '../src/tape/server-tape.ts';

const RUNS = 9;
const NODE = 0;
const SMALL = 10_000;
const LARGE = 100_000;

const ring = (length: number): Shape => ({ kind: 'ring', form: 'wire', length });
const bits = (length: number): Shape => ({ kind: 'bits', form: 'wire', length });

const WORK: readonly (readonly [Operation, readonly Shape[]])[] = [
  [{ op: 'linear', coefficients: ['1', '-3'], offset: '7' }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'open' }, [ring(LARGE)]],
  [{ op: 'multiply' }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'dot', groups: 10 }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'select' }, [bits(LARGE), ring(LARGE), ring(LARGE)]],
  [{ op: 'bitToRing' }, [bits(LARGE)]],
  [{ op: 'and' }, [bits(LARGE), bits(LARGE), bits(LARGE), bits(LARGE)]],
  [{ op: 'groupSum', domain: 16 }, [ring(SMALL), ring(SMALL)]],
  [{ op: 'oneHot', domain: 16 }, [ring(LARGE)]],
  [{ op: 'truncate', bits: 20 }, [ring(LARGE)]],
  [{ op: 'shuffle' }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'sort', bits: 16 }, [ring(SMALL), ring(SMALL)]],
  [{ op: 'lessThanZero' }, [ring(LARGE)]],
  [{ op: 'equalsZero' }, [ring(LARGE)]],
  [{ op: 'dcfLessThanZero', bits: 64 }, [ring(SMALL)]],
  [{ op: 'dpfEqualsZero', bits: 64 }, [ring(SMALL)]],
];

for (const [operation, inputs] of WORK) {
  const gate = gateOf(operation);
  const cost = gate.cost(operation, inputs);
  const output = gate.infer(operation, inputs);
  const perByte = (GATE_RATES[operation.op] ?? DEFAULT_RATE).isPerTapeByte === true;
  const elements = inputs.reduce((sum, { length }) => sum + length, output.length);
  const units = perByte ? cost.bytesTape : elements;
  const best = { dealer: Infinity, server: Infinity };
  for (let run = 0; run < RUNS; run++) {
    const took = measure(gate, operation, inputs);
    best.dealer = Math.min(best.dealer, took.dealerMs);
    best.server = Math.min(best.server, Math.max(took.aMs, took.bMs));
  }
  const [dealerNs, serverNs] = [best.dealer, best.server].map((ms) =>
    Number(((ms * 1e6) / units).toPrecision(2)),
  );
  const unit = perByte ? ', isPerTapeByte: true' : '';
  process.stdout.write(`  ${operation.op}: { dealerNs: ${dealerNs}, serverNs: ${serverNs}${unit} },\n`);
}

interface Took {
  readonly dealerMs: number;
  readonly aMs: number;
  readonly bMs: number;
}

function measure(gate: Gate<Operation>, operation: Operation, inputs: readonly Shape[]): Took {
  const seeds = { a: Seed.fresh(systemRandom), b: Seed.fresh(systemRandom) };
  const vectors = inputs.map(({ kind, length }) => {
    const uniform = () => randomFillSync(new Uint32Array(wordsOf(kind, length)));
    const [a, b] = [uniform(), uniform()];
    const mask = (kind === 'ring' ? add : xor)(new Uint32Array(a.length), a, b);
    return { a, b, mask, masked: uniform() };
  });
  const lanes = gate.lanes(operation, inputs);
  const pieces: { bytes: Uint8Array; isForA: boolean }[] = [];
  const tapes = new DealerTapes(seeds, (bytes, holders) =>
    pieces.push({ bytes, isForA: holders === 'both' }),
  );
  const startedMs = performance.now();
  const masks = vectors.map(({ mask }) => mask);
  gate.deal(operation, inputs, masks, tapes.node(NODE, lanes));
  const dealerMs = performance.now() - startedMs;

  const allOf = (taken: typeof pieces) => memoryReader(concatBytes(...taken.map(({ bytes }) => bytes)));
  const forA = { layout: tapeLayout([lanes], 'a'), read: allOf(pieces.filter(({ isForA }) => isForA)) };
  const spent = { a: 0, b: 0 };
  const timed = <T>(server: 'a' | 'b', work: () => T): T => {
    const beganMs = performance.now();
    const result = work();
    spent[server] += performance.now() - beganMs;
    return result;
  };
  const servers = {
    a: tapeOfServerA(seeds.a, forA).node(NODE),
    b: tapeOfServerB(seeds.b, tapeLayout([lanes]), allOf(pieces)).node(NODE),
  };
  const start = (server: 'a' | 'b') => {
    const values = vectors.map((vector) => ({
      form: 'wire' as const,
      masked: vector.masked,
      mask: vector[server],
    }));
    return gate.evaluate(operation, inputs, values, servers[server], server);
  };
  const [a, b] = [timed('a', () => start('a')), timed('b', () => start('b'))];
  let [stepA, stepB] = [timed('a', () => a.next()), timed('b', () => b.next())];
  while (!stepA.done && !stepB.done) {
    const opened = openedBy(stepA.value, stepB.value);
    stepA = timed('a', () => a.next(opened.slice()));
    stepB = timed('b', () => b.next(opened.slice()));
  }
  return { dealerMs, aMs: spent.a, bMs: spent.b };
}

function openedBy(a: Opening, b: Opening): Words {
  if (a.kind !== 'transfer' && b.kind !== 'transfer')
    return (a.kind === 'ring' ? add : xor)(new Uint32Array(a.share.length), a.share, b.share);
  const words = [a, b].flatMap((opening) => (opening.kind === 'transfer' ? [opening.words] : []));
  const sent = words.find((sentWords) => sentWords !== undefined);
  assert(sent !== undefined, 'one of the two sends');
  return sent;
}
