/** Elections of every kind: valid ballots tally exactly, and nothing else is let in. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type BallotKind, BallotType, type Choice, type Sharded } from '../../src/ballot/election-type.ts';
import { decodeVector, encodeVector, FIELD64, FIELD128 } from '../../src/ballot/field.ts';
import { ballotKernels } from '../../src/ballot/kernels/kernels.ts';
import { circuitOf } from '../../src/ballot/kinds.ts';
import { shardEncoded } from '../../src/ballot/shard.ts';
import { Workspace } from '../../src/ballot/workspace.ts';
import { MpcError } from '../../src/base/errors.ts';
import { CONTEXT, type Draws, draws, verified } from '../support/ballots.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);

const KINDS: readonly BallotKind[] = [
  { kind: 'yesNo' },
  { kind: 'oneOf', options: 2 },
  { kind: 'oneOf', options: 7 },
  { kind: 'approval', options: 5, most: 2 },
  { kind: 'approval', options: 6, most: 6 },
  { kind: 'score', options: 4, max: 10 },
  { kind: 'score', options: 1, max: 1 },
];

const nameOf = (kind: BallotKind): string => Object.values(kind).join(' ');

/** A random valid choice, and what it adds to each result. */
function someChoice(kind: BallotKind, { below }: Draws): [choice: Choice, adds: number[]] {
  if (kind.kind === 'yesNo') {
    const yes = below(2) === 1;
    return [yes, [Number(yes)]];
  }
  const adds = new Array<number>(kind.options).fill(0);
  if (kind.kind === 'oneOf') {
    const option = below(kind.options);
    adds[option] = 1;
    return [option, adds];
  }
  if (kind.kind === 'score') {
    const scores = adds.map(() => below(kind.max + 1));
    return [scores, scores];
  }
  for (let marks = below(kind.most + 1); marks > 0; marks--) adds[below(kind.options)] = 1;
  return [adds.map((mark) => mark === 1), adds];
}

for (const kind of KINDS) {
  test(`random ballots of ${nameOf(kind)} tally exactly`, () => {
    const random = draws(seed);
    const type = new BallotType(kind);
    let tallies = [0, 1, 2].map(() => type.emptyTally());
    let expected: number[] = [];
    for (let voter = 0; voter < 12; voter++) {
      const [choice, adds] = someChoice(kind, random);
      const nonce = random.bytes(16);
      const ballot = type.cast(choice, CONTEXT, nonce, random.bytes);
      assert.equal(ballot.publicShare.length, type.sizes.publicShare);
      assert.deepEqual(
        ballot.inputShares.map((share) => share.length),
        type.sizes.inputShares,
      );
      const outShares = verified(type, ballot, nonce);
      assert.ok(Array.isArray(outShares), JSON.stringify(outShares));
      tallies = tallies.map((tally, server) => type.addToTally(tally, [outShares[server]]));
      expected = adds.map((add, k) => (expected[k] ?? 0) + add);
    }
    assert.deepEqual(type.combineTallies(tallies), expected);
    assert.deepEqual(type.combineTallies(tallies, 12), expected);
  });
}

test('a tally is the same in any order and grouping', () => {
  const random = draws(seed + 1);
  const type = new BallotType({ kind: 'oneOf', options: 3 });
  const shares = Array.from({ length: 6 }, (_, voter) => {
    const nonce = random.bytes(16);
    const outShares = verified(type, type.cast(voter % 3, CONTEXT, nonce, random.bytes), nonce);
    assert.ok(Array.isArray(outShares), 'refused');
    return outShares[0] as Uint8Array;
  });
  const inOrder = type.addToTally(type.emptyTally(), shares);
  const first = type.addToTally(type.emptyTally(), shares.slice(4).reverse());
  const second = type.addToTally(type.emptyTally(), shares.slice(0, 4).reverse());
  assert.deepEqual(type.addToTally(first, [second]), inOrder);
});

test('tally shares of different ballots are told apart from a result', () => {
  const random = draws(seed + 9);
  const differ = (error: unknown): boolean =>
    error instanceof MpcError && error.code === 'ballot.tallies-differ';
  for (const kind of KINDS) {
    const type = new BallotType(kind);
    const boxes = [1, 2].map(() => {
      const nonce = random.bytes(16);
      const outShares = verified(
        type,
        type.cast(someChoice(kind, random)[0], CONTEXT, nonce, random.bytes),
        nonce,
      );
      assert.ok(Array.isArray(outShares), 'refused');
      return outShares as Uint8Array[];
    });
    const [first, second] = boxes;
    assert.throws(() => type.combineTallies([first![0]!, first![1]!, second![2]!], 1), differ);
    if (kind.kind === 'oneOf') assert.throws(() => type.combineTallies(first!, 2), differ);
  }
});

/** A ballot whose elements are these, proved as a client would that follows the steps otherwise. */
function forged(kind: BallotKind, elements: readonly bigint[], nonce: Uint8Array, { bytes }: Draws): Sharded {
  const circuit = circuitOf(kind);
  const space = new Workspace(circuit, { shares: 3, kernels: ballotKernels });
  assert.equal(elements.length, circuit.elements);
  return shardEncoded(space, CONTEXT, encodeVector(circuit.field, elements), nonce, bytes(space.sizes.rand));
}

const ONE_OF: BallotKind = { kind: 'oneOf', options: 4 };
const APPROVAL: BallotKind = { kind: 'approval', options: 4, most: 2 };
const SCORE: BallotKind = { kind: 'score', options: 2, max: 5 };

const FORGERIES: readonly (readonly [what: string, kind: BallotKind, elements: readonly bigint[]])[] = [
  ['two yes at once', { kind: 'yesNo' }, [2n]],
  ['a negative yes', { kind: 'yesNo' }, [-1n]],
  ['two marks', ONE_OF, [1n, 1n, 0n, 0n]],
  ['no mark', ONE_OF, [0n, 0n, 0n, 0n]],
  ['a mark of two', ONE_OF, [0n, 2n, 0n, 0n]],
  ['a mark of two made up for by a negative one', ONE_OF, [0n, 2n, -1n, 0n]],
  ['half marks', ONE_OF, [0n, (FIELD128.modulus + 1n) / 2n, (FIELD128.modulus + 1n) / 2n, 0n]],
  ['more approvals than allowed, said to be fewer', APPROVAL, [1n, 1n, 1n, 0n, 1n, 1n]],
  ['more approvals than allowed, said to be as many', APPROVAL, [1n, 1n, 1n, 0n, 1n, 2n]],
  ['an approval of two', APPROVAL, [2n, 0n, 0n, 0n, 1n, 1n]],
  ['a negative approval', APPROVAL, [-1n, 1n, 0n, 0n, 0n, 0n]],
  ['a score above the highest', SCORE, [1n, 1n, 2n, 0n, 0n, 0n]],
  ['a negative score', SCORE, [-1n, 0n, 0n, 0n, 0n, 0n]],
  ['a score in fractions', SCORE, [(FIELD128.modulus + 1n) / 2n, 0n, 0n, 0n, 0n, 0n]],
];

for (const [what, kind, elements] of FORGERIES) {
  test(`refused: ${what} (${nameOf(kind)})`, () => {
    const random = draws(seed + 2);
    const nonce = random.bytes(16);
    assert.deepEqual(verified(new BallotType(kind), forged(kind, elements, nonce, random), nonce), {
      refused: 'ballot.invalid',
    });
  });
}

test('elements that are valid are let in when made the same way as the forged ones', () => {
  const valid: [BallotKind, bigint[]][] = [
    [{ kind: 'yesNo' }, [1n]],
    [ONE_OF, [0n, 1n, 0n, 0n]],
    [APPROVAL, [1n, 1n, 0n, 0n, 1n, 1n]],
    [SCORE, [1n, 1n, 1n, 0n, 0n, 0n]],
  ];
  for (const [kind, elements] of valid) {
    const random = draws(seed + 3);
    const nonce = random.bytes(16);
    const result = verified(new BallotType(kind), forged(kind, elements, nonce, random), nonce);
    assert.ok(Array.isArray(result), 'refused');
  }
});

test('a proof bent so that the circuit gives 0 is refused at the test point', () => {
  const random = draws(seed + 4);
  const kind: BallotKind = { kind: 'yesNo' };
  const type = new BallotType(kind);
  const nonce = random.bytes(16);
  const ballot = forged(kind, [2n], nonce, random);
  // Shares add up: adding -2 to the leader's share of P(a) makes it 2, the element itself. Its place: element, two seeds, P(1), P(b).
  const leader = decodeVector(FIELD64, ballot.inputShares[0]!);
  leader[5] = leader[5]! - 2n;
  const inputShares = [encodeVector(FIELD64, leader), ...ballot.inputShares.slice(1)];
  assert.deepEqual(verified(type, { ...ballot, inputShares }, nonce), { refused: 'ballot.invalid' });
});

for (const kind of KINDS) {
  test(`any changed byte of a ballot of ${nameOf(kind)} gets it refused`, () => {
    const random = draws(seed + 5);
    const type = new BallotType(kind);
    const nonce = random.bytes(16);
    const ballot = type.cast(someChoice(kind, random)[0], CONTEXT, nonce, random.bytes);
    const messages = [ballot.publicShare, ...ballot.inputShares];
    let changed = 0;
    messages.forEach((message, k) => {
      if (message.length === 0) return;
      for (let tries = 0; tries < 8; tries++) {
        const bent = message.slice();
        bent[random.below(bent.length)]! ^= 1 << random.below(8);
        const [publicShare, ...inputShares] = messages.map((other, j) => (j === k ? bent : other));
        const result = verified(type, { publicShare: publicShare!, inputShares }, nonce);
        assert.ok('refused' in result, `message ${k}`);
        changed++;
      }
    });
    assert.equal(changed, kind.kind === 'yesNo' ? 24 : 32);
  });
}

test('a ballot is refused under another nonce or in another election', () => {
  const random = draws(seed + 6);
  const type = new BallotType(ONE_OF);
  const nonce = random.bytes(16);
  const ballot = type.cast(1, CONTEXT, nonce, random.bytes);
  const other = new TextEncoder().encode('another election');
  assert.ok('refused' in verified(type, ballot, random.bytes(16)), 'it counts');
  assert.ok('refused' in verified(type, ballot, nonce, [other, other, other]), 'it counts');
  assert.ok('refused' in verified(type, ballot, nonce, [CONTEXT, CONTEXT, other]), 'it counts');
});

test('messages of a wrong length or with numbers beyond the field are refused as malformed, and spoil no other', () => {
  const random = draws(seed + 7);
  for (const kind of KINDS) {
    const type = new BallotType(kind);
    const nonce = random.bytes(16);
    const { publicShare, inputShares } = type.cast(someChoice(kind, random)[0], CONTEXT, nonce, random.bytes);
    const good = { nonce, publicShare, inputShare: inputShares[0]! };
    const longer = (bytes: Uint8Array): Uint8Array => Uint8Array.of(...bytes, 0);
    const beyond = good.inputShare.slice().fill(255, 0, type.kind.kind === 'yesNo' ? 8 : 16);
    const bad = [
      { ...good, nonce: nonce.subarray(1) },
      { ...good, publicShare: longer(publicShare) },
      { ...good, inputShare: longer(good.inputShare) },
      { ...good, inputShare: good.inputShare.subarray(1) },
      { ...good, inputShare: new Uint8Array(0) },
      { ...good, inputShare: beyond },
    ];
    const outcomes = type.prepare(0, new Uint8Array(32), CONTEXT, [...bad, good]);
    const codes = outcomes.map((one) => ('refusal' in one ? one.refusal.code : 'fine'));
    assert.deepEqual(codes, [...bad.map(() => 'ballot.malformed'), 'fine']);
    const share = (outcomes.at(-1) as { value: { verifierShare: Uint8Array } }).value.verifierShare;
    for (const bent of [longer(share), share.subarray(1), share.slice().fill(255, 0, 16)]) {
      const [combined] = type.combine(CONTEXT, [[share, bent, share]]);
      assert.equal('refusal' in combined! && combined.refusal.code, 'ballot.malformed');
    }
    assert.throws(
      () => type.combineTallies([type.emptyTally(), type.emptyTally().fill(255), type.emptyTally()]),
      (error) => error instanceof MpcError && error.code === 'ballot.malformed',
    );
  }
});

test('choices and kinds out of bounds are refused with what to do', () => {
  const random = draws(seed + 8);
  const bad: [BallotKind, Choice[]][] = [
    [{ kind: 'yesNo' }, [1, [true]]],
    [ONE_OF, [-1, 4, 1.5, Number.NaN, true, [true, false, false, false]]],
    [APPROVAL, [[true, true, true, false], [true], 1, [1, 0, 0, 0]]],
    [SCORE, [[6, 0], [-1, 0], [1], [0.5, 1], 3]],
  ];
  for (const [kind, choices] of bad) {
    const type = new BallotType(kind);
    for (const choice of choices) {
      assert.throws(
        () => type.cast(choice, CONTEXT, random.bytes(16), random.bytes),
        (error) =>
          error instanceof MpcError && error.code === 'ballot.bad-choice' && error.hint !== undefined,
      );
    }
  }
  for (const kind of [
    { kind: 'oneOf', options: 1 },
    { kind: 'oneOf', options: 1001 },
    { kind: 'approval', options: 3, most: 4 },
    { kind: 'approval', options: 3, most: 0 },
    { kind: 'score', options: 3, max: 0 },
    { kind: 'score', options: 0, max: 3 },
  ] satisfies BallotKind[]) {
    assert.throws(
      () => new BallotType(kind),
      (error) => error instanceof MpcError && error.code === 'ballot.bad-kind',
    );
  }
});
