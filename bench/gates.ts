/**
 * Owns `npm run bench:gates`: what gates cost dealer and servers in computation alone, on one core, in memory, nothing sent: nanoseconds an
 * element, and what src/plan/calibration.ts holds of them. Also what the keystream costs by the bytes that one call encrypts. Best of several
 * runs: the machine's noise only adds.
 */
import { createCipheriv, randomFillSync } from 'node:crypto';
import { concatBytes } from '../src/base/bytes.ts';
import { assert } from '../src/base/errors.ts';
import { systemRandom } from '../src/base/random.ts';
import type { Gate, Opening, Shape } from '../src/gates/gate.ts';
import type { Operation } from '../src/gates/operations.ts';
import { gateOf } from '../src/gates/registry.ts';
import { DEFAULT_RATE, GATE_RATES } from '../src/plan/calibration.ts';
import { xor } from '../src/ring/bits.ts';
import { MAX_COUNTERS } from '../src/ring/kernels/face.ts';
import { release } from '../src/ring/release.ts';
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

/** Each operation with the shapes of its inputs; an element is one of the first of them. */
const WORK: readonly (readonly [Operation, readonly Shape[]])[] = [
  [{ op: 'linear', coefficients: ['1', '-3'], offset: '7' }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'open' }, [ring(LARGE)]],
  [{ op: 'multiply' }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'dot', groups: 10 }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'matrixProduct', rows: 256, inner: 256, columns: 256 }, [ring(256 * 256), ring(256 * 256)]],
  [{ op: 'select' }, [bits(LARGE), ring(LARGE), ring(LARGE)]],
  [{ op: 'bitToRing' }, [bits(LARGE)]],
  [{ op: 'and' }, [bits(LARGE), bits(LARGE), bits(LARGE), bits(LARGE)]],
  [{ op: 'groupSum', domain: 16 }, [ring(SMALL), ring(SMALL)]],
  [{ op: 'oneHot', domain: 16 }, [ring(LARGE)]],
  [{ op: 'lookup', table: Array.from({ length: 16 }, (_, i) => String(i * i)) }, [ring(SMALL)]],
  [{ op: 'truncate', bits: 20 }, [ring(LARGE)]],
  [{ op: 'shuffle' }, [ring(LARGE), ring(LARGE)]],
  [{ op: 'sort', bits: 8 }, [ring(SMALL), ring(SMALL)]],
  [{ op: 'sampleSort', bits: 20 }, [ring(SMALL), ring(SMALL)]],
  [{ op: 'lessThanZero' }, [ring(LARGE)]],
  [{ op: 'lessThanZero', bits: 32 }, [ring(LARGE)]],
  [{ op: 'lessThanZero', bits: 16 }, [ring(LARGE)]],
  [{ op: 'equalsZero' }, [ring(LARGE)]],
  [{ op: 'dcfLessThanZero', bits: 64 }, [ring(SMALL)]],
  [{ op: 'dpfEqualsZero', bits: 64 }, [ring(SMALL)]],
];

process.stdout.write('ns an element                dealer       A       B     all   calibration.ts\n');
for (const [operation, inputs] of WORK) {
  const gate = gateOf(operation);
  const best = { dealerMs: Infinity, aMs: Infinity, bMs: Infinity };
  for (let run = 0; run < RUNS; run++) {
    const took = measure(gate, operation, inputs);
    for (const who of ['dealerMs', 'aMs', 'bMs'] as const) best[who] = Math.min(best[who], took[who]);
  }
  const perElement = [best.dealerMs, best.aMs, best.bMs, best.dealerMs + best.aMs + best.bMs].map((ms) =>
    ((ms * 1e6) / inputs[0]!.length).toFixed(1).padStart(8),
  );
  const name = `${operation.op}${'bits' in operation ? ` ${operation.bits}` : ''}`;
  process.stdout.write(`${name.padEnd(26)}${perElement.join('')}   ${rateOf(operation, inputs, best)}\n`);
}
keystreamByPiece();

/** A unit's work as calibration.ts writes it. */
function rateOf(operation: Operation, inputs: readonly Shape[], { dealerMs, aMs, bMs }: Took): string {
  const gate = gateOf(operation);
  const isPerTapeByte = (GATE_RATES[operation.op] ?? DEFAULT_RATE).isPerTapeByte === true;
  const output = gate.infer(operation, inputs).length;
  const units = isPerTapeByte
    ? gate.cost(operation, inputs).bytesTape
    : inputs.reduce((sum, { length }) => sum + length, output);
  const perUnit = (ms: number) => Number(((ms * 1e6) / units).toPrecision(2));
  const rates = `dealerNs: ${perUnit(dealerMs)}, serverNs: ${perUnit(Math.max(aMs, bMs))}`;
  return `${operation.op}: { ${rates}${isPerTapeByte ? ', isPerTapeByte: true' : ''} },`;
}

/** What AES-128 gives by the bytes of one call, each output's memory given back at once, as src/tape/keystream.ts does. */
function keystreamByPiece(): void {
  const cipher = createCipheriv('aes-128-ecb', new Uint8Array(16), null).setAutoPadding(false);
  const total = 8 * 1024 * 1024;
  process.stdout.write('\nkeystream: KiB a call, GB/s, with memory given back and without\n');
  for (const kib of [4, 16, 32, 63, 64, 65, 96, 127, 128, 129, 256, 512, 1024]) {
    const counters = new Uint8Array(1024 * kib);
    const rate = (isReleased: boolean): number => {
      let best = 0;
      for (let run = 0; run < 8 * RUNS; run++) {
        const startedMs = performance.now();
        for (let done = 0; done < total; done += counters.length) {
          const piece = cipher.update(counters);
          if (isReleased) release(piece);
        }
        best = Math.max(best, total / 1e6 / (performance.now() - startedMs));
      }
      return best;
    };
    const used = 16 * MAX_COUNTERS === counters.length ? '   <- used' : '';
    process.stdout.write(
      `${String(kib).padStart(6)} ${rate(true).toFixed(2).padStart(7)} ${rate(false).toFixed(2).padStart(7)}${used}\n`,
    );
  }
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
