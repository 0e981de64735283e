/**
 * Runs one gate as a deployment would, in memory: the dealer makes real tapes, two servers evaluate in lockstep and
 * exchange their openings, and the result is put together in the clear. Everything a party saw is returned.
 */
import assert from 'node:assert/strict';
import { bytesOfWords, concatBytes } from '../../src/base/bytes.ts';
import type {
  DealerValue,
  Form,
  Gate,
  Kind,
  Opening,
  ServerName,
  ServerValue,
  Shape,
} from '../../src/gates/gate.ts';
import { clearPadding, fromBools, xor } from '../../src/ring/bits.ts';
import { fromBigInts, sub } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { wordsOf } from '../../src/ring/words.ts';
import { DealerTapes } from '../../src/tape/dealer-tape.ts';
import { combine } from '../../src/tape/input-mask.ts';
import { Keystream } from '../../src/tape/keystream.ts';
import { tapeLayout } from '../../src/tape/layout.ts';
import { deriveSeed, Seed } from '../../src/tape/seed.ts';
import { memoryReader, tapeOfServerA, tapeOfServerB } from '../../src/tape/server-tape.ts';

/** An input in the clear, and the form in which the servers are to hold it. */
export interface HarnessInput {
  readonly kind: Kind;
  readonly form: Form;
  readonly length: number;
  readonly value: Words;
}

/** A ring vector as an input, held as a wire unless said otherwise. */
export const ringInput = (values: readonly bigint[], form: Form = 'wire'): HarnessInput => ({
  kind: 'ring',
  form,
  length: values.length,
  value: fromBigInts(values),
});

/** A bit vector as an input, held as a wire unless said otherwise. */
export const bitsInput = (values: readonly boolean[], form: Form = 'wire'): HarnessInput => ({
  kind: 'bits',
  form,
  length: values.length,
  value: fromBools(values),
});

export interface GateRun {
  readonly shape: Shape;
  /** The result in the clear. */
  readonly output: Words;
  /** What the gate's `clear` says it should be. */
  readonly expected: Words;
  /** Counted, not declared. */
  readonly rounds: number;
  /** Sent by server A, and by server B. */
  readonly bytesOnline: number;
  readonly bytesOnlineB: number;
  readonly bytesTape: number;
  readonly bytesTapeA: number;
  /** The sum of both shares of each opening, or the words sent one way: what both servers learn. */
  readonly opened: readonly Words[];
  /** What server A, and what server B, sent. */
  readonly sent: { readonly a: readonly Words[]; readonly b: readonly Words[] };
  /** Server B's corrections, and server A's: what both servers read. */
  readonly corrections: Uint8Array;
  readonly correctionsA: Uint8Array;
  /** What each server held of the inputs. */
  readonly held: { readonly a: readonly ServerValue[]; readonly b: readonly ServerValue[] };
  /** What that server drew for itself in a lane. */
  readonly ownWords: (server: ServerName, lane: number, count: number) => Words;
}

/** Runs the gate on the inputs with tapes made from `seedNumber`; asserts what holds for every gate. */
export function runGate<O extends { readonly op: string }>(
  gate: Gate<O>,
  operation: O,
  inputs: readonly HarnessInput[],
  seedNumber: number,
  /** What a faulty sender makes of the words that it sends one way in a round; the gate's clear meaning no longer holds. */
  tamper: (round: number, words: Words) => Words = (_round, words) => words,
): GateRun {
  const shapes: readonly Shape[] = inputs.map(({ kind, form, length }) => ({ kind, form, length }));
  const shape = gate.infer(operation, shapes);
  const node = inputs.length;
  const root = new Seed(new Uint8Array(32).fill(seedNumber & 0xff).fill(seedNumber >>> 8, 16));
  const seeds = { a: deriveSeed(root, 'a'), b: deriveSeed(root, 'b') };

  const held = inputs.map((input, k) => holdInput(input, k, seeds));
  const lanes = gate.lanes(operation, shapes);
  const pieces: Uint8Array[] = [];
  const piecesA: Uint8Array[] = [];
  const dealerTape = new DealerTapes(seeds, (bytes, holders) => {
    pieces.push(bytes);
    if (holders === 'both') piecesA.push(bytes);
  }).node(node, lanes);
  const dealt = gate.deal(
    operation,
    shapes,
    held.map((value) => value.dealer),
    dealerTape,
  );
  dealerTape.finish();
  const corrections = concatBytes(...pieces);
  const correctionsA = concatBytes(...piecesA);

  const layout = tapeLayout([...inputs.map(() => []), lanes]);
  const layoutA = tapeLayout([...inputs.map(() => []), lanes], 'a');
  assert.equal(corrections.length, layout.totalBytes, 'the tape is as long as its layout says');
  assert.equal(correctionsA.length, layoutA.totalBytes, "server A's tape is as long as its layout says");
  const tapes = {
    a: tapeOfServerA(seeds.a, { layout: layoutA, read: memoryReader(correctionsA) }),
    b: tapeOfServerB(seeds.b, layout, memoryReader(corrections)),
  };
  const start = (server: 'a' | 'b') =>
    gate.evaluate(
      operation,
      shapes,
      held.map((value) => value[server]),
      tapes[server].node(node),
      server,
    );
  const evaluations = { a: start('a'), b: start('b') };
  const opened: Words[] = [];
  const sent: { a: Words[]; b: Words[] } = { a: [], b: [] };
  let a = evaluations.a.next();
  let b = evaluations.b.next();
  while (!a.done && !b.done) {
    sent.a.push(sentWords(a.value).slice());
    sent.b.push(sentWords(b.value).slice());
    const words = combineOpenings(a.value, b.value);
    const round = opened.push(words.slice()) - 1;
    const received = (server: ServerName, opening: Opening) =>
      opening.kind === 'transfer' && opening.from !== server ? tamper(round, words.slice()) : words.slice();
    const [atA, atB] = [received('a', a.value), received('b', b.value)];
    a = evaluations.a.next(atA);
    b = evaluations.b.next(atB);
  }
  assert(a.done && b.done, 'both servers open equally often');

  const run = {
    shape,
    output: reconstruct(shape, dealt, a.value, b.value),
    expected: gate.clear(
      operation,
      shapes,
      inputs.map((input) => input.value),
    ),
    rounds: opened.length,
    bytesOnline: sent.a.reduce((sum, words) => sum + words.byteLength, 0),
    bytesOnlineB: sent.b.reduce((sum, words) => sum + words.byteLength, 0),
    bytesTape: corrections.length,
    bytesTapeA: correctionsA.length,
    opened,
    sent,
    corrections,
    correctionsA,
    held: { a: held.map(({ a: value }) => value), b: held.map(({ b: value }) => value) },
    ownWords: (server: ServerName, lane: number, count: number) =>
      tapes[server].node(node).ownWords(lane)(count),
  };
  const { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA } = run;
  const declared = gate.cost(operation, shapes);
  assert.deepEqual(
    { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA },
    { bytesOnlineB: declared.bytesOnline, bytesTapeA: 0, ...declared },
    'the cost is as declared',
  );
  return run;
}

const sentWords = (opening: Opening): Words =>
  opening.kind === 'transfer' ? (opening.words ?? new Uint32Array(0)) : opening.share;

/** What both servers are resumed with: the sum of their shares, or what one of them sent. */
function combineOpenings(a: Opening, b: Opening): Words {
  if (a.kind === 'transfer' || b.kind === 'transfer') {
    assert(a.kind === 'transfer' && b.kind === 'transfer', 'both servers take part in the same transfer');
    assert.deepEqual([a.from, a.count], [b.from, b.count], 'both know who sends how much');
    const [sender, receiver] = a.from === 'a' ? [a, b] : [b, a];
    assert.equal(sender.words?.length, a.count, 'the sender sends that much');
    assert.equal(receiver.words, undefined, 'the receiver sends nothing');
    return sender.words;
  }
  assert.equal(a.kind, b.kind, 'both servers open the same kind');
  assert.equal(a.share.length, b.share.length, 'both servers open the same length');
  return combine(a.kind, a.share, b.share);
}

/** Masks (wire) or splits (share) an input, with randomness of its own node. */
function holdInput(
  { kind, form, length, value }: HarnessInput,
  node: number,
  seeds: { readonly a: Seed; readonly b: Seed },
): { readonly dealer: DealerValue; readonly a: ServerValue; readonly b: ServerValue } {
  assert.equal(value.length, wordsOf(kind, length), 'an input has the words of its length');
  const shareOf = (seed: Seed) => new Keystream(seed, 'harness inputs')[kind](node, 0, length);
  const maskA = shareOf(seeds.a);
  const maskB = shareOf(seeds.b);
  if (form === 'share') {
    const rest = new Uint32Array(value.length);
    if (kind === 'ring') sub(rest, value, maskA);
    else xor(rest, value, maskA);
    return { dealer: undefined, a: { form, share: maskA }, b: { form, share: rest } };
  }
  const mask = combine(kind, maskA, maskB);
  const masked = combine(kind, value, mask);
  return { dealer: mask, a: { form, masked, mask: maskA }, b: { form, masked: masked.slice(), mask: maskB } };
}

/** The clear result, having checked that dealer and servers agree on its form and mask and keep padding zero. */
function reconstruct(shape: Shape, dealt: DealerValue, a: ServerValue, b: ServerValue): Words {
  assert.equal(a.form, shape.form, 'server A holds the form that was inferred');
  assert.equal(b.form, shape.form, 'server B holds the form that was inferred');
  if (a.form === 'share' || b.form === 'share') {
    assert(a.form === 'share' && b.form === 'share');
    assert.equal(dealt, undefined, 'the dealer knows nothing of a share');
    for (const words of [a.share, b.share]) checkWords(shape, words);
    return combine(shape.kind, a.share, b.share);
  }
  assert.deepEqual(a.masked, b.masked, 'both servers hold the same masked value');
  const mask = combine(shape.kind, a.mask, b.mask);
  assert.deepEqual(dealt, mask, 'the dealer knows the mask');
  for (const words of [a.masked, a.mask, b.mask]) checkWords(shape, words);
  return shape.kind === 'ring'
    ? sub(new Uint32Array(mask.length), a.masked, mask)
    : combine('bits', a.masked, mask);
}

function checkWords(shape: Shape, words: Words): void {
  assert.equal(words.length, wordsOf(shape.kind, shape.length), 'a vector has the words of its length');
  if (shape.kind === 'bits') {
    assert.deepEqual(clearPadding(words.slice(), shape.length), words, 'padding bits are zero');
  }
}

/** All bytes of word vectors, for tests of uniformity. */
export function bytesOfAll(vectors: readonly Words[]): Uint8Array {
  return concatBytes(...vectors.map(bytesOfWords));
}

/**
 * Pearson's chi-square of the bytes against uniform (255 degrees of freedom: mean 255, standard deviation 22.6). Give
 * at least 5 * 256 bytes. Uniform bytes exceed 430 with probability below 1e-10.
 */
export function chiSquareOfBytes(bytes: Uint8Array): number {
  assert(bytes.length >= 5 * 256, 'enough bytes for chi-square');
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte] = counts[byte]! + 1;
  const expected = bytes.length / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

export const CHI_SQUARE_LIMIT = 430;
