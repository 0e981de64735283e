import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, wordsOfBytes } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import type { DealtLane, Kind } from '../../src/gates/gate.ts';
import { clearPadding } from '../../src/ring/bits.ts';
import { newBits, newRing, type Words, wordsOf } from '../../src/ring/words.ts';
import { DealerTapes } from '../../src/tape/dealer-tape.ts';
import { combine, InputMasks, inputMask } from '../../src/tape/input-mask.ts';
import { Keystream, PIECE_WORDS } from '../../src/tape/keystream.ts';
import { laneBytes, placeOf, tapeLayout } from '../../src/tape/layout.ts';
import { inputSeed, Seed } from '../../src/tape/seed.ts';
import { memoryReader, tapeOfServerA, tapeOfServerB } from '../../src/tape/server-tape.ts';

const seeds = { a: new Seed(new Uint8Array(32).fill(1)), b: new Seed(new Uint8Array(32).fill(2)) };
const nothing = () => {};

/** Values to deal that are easy to predict: words of a keystream of no server, padding cleared. */
function plainValue({ kind, lane, length }: DealtLane, node: number): Words {
  return new Keystream(new Seed(new Uint8Array(32).fill(3)), 'test values')[kind](node, lane, length);
}

const laneList = fc
  .array(
    fc.record({ kind: fc.constantFrom<Kind>('ring', 'bits'), length: fc.integer({ min: 1, max: 200 }) }),
    {
      maxLength: 4,
    },
  )
  .map((lanes) => lanes.map((lane, k): DealtLane => ({ ...lane, lane: 5 + 2 * k })));

test('both servers’ dealt shares add up to what was dealt, read lane by lane in any order', () => {
  let checked = 0;
  fc.assert(
    fc.property(fc.array(laneList, { minLength: 1, maxLength: 5 }), fc.boolean(), (nodes, backwards) => {
      const pieces: Uint8Array[] = [];
      const dealer = new DealerTapes(seeds, (bytes) => pieces.push(bytes));
      nodes.forEach((lanes, id) => {
        const tape = dealer.node(id, lanes);
        for (const dealt of lanes) {
          const value = plainValue(dealt, id);
          const before = value.slice();
          if (dealt.kind === 'ring') tape.dealRing(dealt.lane, value);
          else tape.dealBits(dealt.lane, value, dealt.length);
          assert.deepEqual(value, before, 'a dealt value is left as it was');
        }
        tape.finish();
      });
      const layout = tapeLayout(nodes);
      const corrections = concatBytes(...pieces);
      assert.equal(corrections.length, layout.totalBytes);
      const a = tapeOfServerA(seeds.a);
      const b = tapeOfServerB(seeds.b, layout, memoryReader(corrections));
      const places = nodes.flatMap((lanes, id) => lanes.map((dealt) => ({ id, dealt })));
      for (const { id, dealt } of backwards ? places.reverse() : places) {
        const read = (tape: typeof a) =>
          dealt.kind === 'ring'
            ? tape.node(id).dealtRing(dealt.lane, dealt.length)
            : tape.node(id).dealtBits(dealt.lane, dealt.length);
        assert.deepEqual(combine(dealt.kind, read(a), read(b)), plainValue(dealt, id));
        checked++;
      }
    }),
  );
  assert(checked > 100, `${checked} lanes were checked`);
});

test('lanes longer than one piece of keystream are dealt whole, with zero padding, and read into a vector that is there', () => {
  const lanes: readonly DealtLane[] = [
    { lane: 0, kind: 'bits', length: 32 * PIECE_WORDS + 64 * 7 + 5 },
    { lane: 1, kind: 'ring', length: PIECE_WORDS + 3 },
  ];
  const pieces: Uint8Array[] = [];
  const dealer = new DealerTapes(seeds, (bytes) => pieces.push(bytes)).node(0, lanes);
  const values = lanes.map((lane) => plainValue(lane, 0));
  dealer.dealBits(0, values[0]!, lanes[0]!.length);
  dealer.dealRing(1, values[1]!);
  const corrections = concatBytes(...pieces);
  const inBits = wordsOfBytes(corrections.subarray(0, laneBytes(lanes[0]!)));
  assert.deepEqual(clearPadding(inBits.slice(), lanes[0]!.length), inBits);
  const a = tapeOfServerA(seeds.a).node(0);
  const b = tapeOfServerB(seeds.b, tapeLayout([lanes]), memoryReader(corrections)).node(0);
  lanes.forEach(({ kind, lane, length }, k) => {
    const [mine, theirs] = [a, b].map((tape) => {
      const out = new Uint32Array(wordsOf(kind, length)).fill(7);
      const read = kind === 'ring' ? tape.dealtRing(lane, length, out) : tape.dealtBits(lane, length, out);
      assert.equal(read, out);
      const alone = kind === 'ring' ? tape.dealtRing(lane, length) : tape.dealtBits(lane, length);
      assert.deepEqual(alone, out);
      return out;
    });
    assert.deepEqual(combine(kind, mine!, theirs!), values[k]);
  });
  assert.equal(pieces.length, 5);
});

test('masks are the sum of both servers’ and cost no correction', () => {
  const tape = new DealerTapes(seeds, () => assert.fail('a mask is free')).node(4, []);
  const [a, b] = [
    tapeOfServerA(seeds.a).node(4),
    tapeOfServerB(seeds.b, tapeLayout([]), memoryReader(new Uint8Array(0))).node(4),
  ];
  for (const length of [1, 63, 64, 65]) {
    const lane = 2 * length;
    assert.deepEqual(
      tape.maskRing(lane, length),
      combine('ring', a.maskRing(lane, length), b.maskRing(lane, length)),
    );
    assert.deepEqual(
      tape.maskBits(lane + 1, length),
      combine('bits', a.maskBits(lane + 1, length), b.maskBits(lane + 1, length)),
    );
    const mask = b.maskBits(lane + 1, length);
    assert.deepEqual(clearPadding(mask.slice(), length), mask);
  }
  tape.finish();
});

test('the layout puts nodes and lanes one after another, 8 bytes an element or for each 64 bits', () => {
  const layout = tapeLayout([
    [],
    [
      { lane: 3, kind: 'ring', length: 5 },
      { lane: 1, kind: 'bits', length: 65 },
    ],
    [],
    [{ lane: 0, kind: 'bits', length: 64 }],
  ]);
  assert.equal(layout.totalBytes, 40 + 16 + 8);
  assert.equal(placeOf(layout, 1, 3).offset, 0);
  assert.equal(placeOf(layout, 1, 1).offset, 40);
  assert.equal(placeOf(layout, 3, 0).offset, 56);
  assert.equal(laneBytes(placeOf(layout, 3, 0).dealt), 8);
  assert.throws(() => placeOf(layout, 1, 0), /one that the node deals/);
});

test('the dealer refuses to use a lane twice, to deal otherwise than declared, and to leave a lane out', () => {
  const lanes: DealtLane[] = [
    { lane: 0, kind: 'ring', length: 2 },
    { lane: 1, kind: 'bits', length: 70 },
  ];
  const fresh = () => new DealerTapes(seeds, nothing).node(0, lanes);
  const dealt = fresh();
  dealt.dealRing(0, newRing(2));
  assert.throws(() => dealt.maskRing(0, 2), /used once/);
  assert.throws(() => dealt.finish(), /deals all/);
  dealt.dealBits(1, newBits(70), 70);
  dealt.finish();
  assert.throws(() => dealt.dealRing(2, newRing(1)), /order and size/);
  const masked = fresh();
  masked.maskBits(0, 9);
  assert.throws(() => masked.dealRing(0, newRing(2)), /used once/);
  assert.throws(() => fresh().dealRing(0, newRing(3)), /order and size/);
  assert.throws(() => fresh().dealBits(1, newBits(70), 70), /order and size/);
  assert.throws(() => fresh().dealBits(0, newBits(2), 2), /order and size/);
});

test('the dealer deals nodes once and in order', () => {
  const dealer = new DealerTapes(seeds, nothing);
  dealer.node(3, []);
  assert.throws(() => dealer.node(3, []), /once and in order/);
  assert.throws(() => dealer.node(2, []), /once and in order/);
});

test('a tape that ends too early is an operating error with a remedy', () => {
  const layout = tapeLayout([[{ lane: 0, kind: 'ring', length: 4 }]]);
  const tape = tapeOfServerB(seeds.b, layout, memoryReader(new Uint8Array(31)));
  assert.throws(
    () => tape.node(0).dealtRing(0, 4),
    (error) => error instanceof MpcError && error.code === 'tape.truncated' && error.hint !== undefined,
  );
  assert.throws(() => tape.node(0).dealtRing(0, 3), /read whole/);
});

test('a party told its two sub-seeds makes exactly its own slice of both servers’ input masks', () => {
  const slices = [
    { party: 'alice', capacity: 64 },
    { party: 'bob', capacity: 192 },
    { party: 'carol', capacity: 128 },
  ];
  let checked = 0;
  for (const kind of ['ring', 'bits'] as const) {
    const a = tapeOfServerA(seeds.a).inputMask(9, slices, kind);
    const b = tapeOfServerB(seeds.b, tapeLayout([]), memoryReader(new Uint8Array(0))).inputMask(
      9,
      slices,
      kind,
    );
    assert.equal(a.length, wordsOf(kind, 384));
    assert.deepEqual(a, new InputMasks(seeds.a).of(slices, 9, kind));
    assert.deepEqual(new DealerTapes(seeds, nothing).inputMask(9, slices, kind), combine(kind, a, b));
    let at = 0;
    for (const { party, capacity } of slices) {
      const words = wordsOf(kind, capacity);
      for (const [seed, whole] of [
        [seeds.a, a],
        [seeds.b, b],
      ] as const) {
        const own = inputMask(inputSeed(seed, party), 9, kind, capacity);
        assert.deepEqual(own, whole.subarray(at, at + words));
        checked++;
      }
      at += words;
    }
  }
  assert.equal(checked, 12);
  assert.notDeepEqual(
    new InputMasks(seeds.a).of(slices, 9, 'ring'),
    new InputMasks(seeds.a).of(slices, 10, 'ring'),
  );
  assert.throws(
    () => new InputMasks(seeds.a).of([{ party: 'dave', capacity: 65 }], 0, 'ring'),
    /multiple of 64/,
  );
});

test('a server’s own words are its keystream, known to the dealer, in pieces of any size, and cost no correction', () => {
  const tape = new DealerTapes(seeds, () => assert.fail('own words are free')).node(4, []);
  const servers = {
    a: tapeOfServerA(seeds.a).node(4),
    b: tapeOfServerB(seeds.b, tapeLayout([]), memoryReader(new Uint8Array(0))).node(4),
  };
  const seen: Words[] = [];
  for (const [lane, server] of [
    [0, 'a'],
    [1, 'b'],
  ] as const) {
    const dealers = tape.ownWords(lane, server)(100);
    const own = servers[server].ownWords(lane);
    assert.deepEqual(
      [7, 1, 92].flatMap((count) => [...own(count)]),
      [...dealers],
    );
    assert.notDeepEqual(servers[server === 'a' ? 'b' : 'a'].ownWords(lane)(100), dealers);
    seen.push(dealers);
  }
  assert.notDeepEqual(seen[0], seen[1]);
  assert.throws(() => tape.ownWords(1, 'a'), /a lane is used once/);
  tape.finish();
});
