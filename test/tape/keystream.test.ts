import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { bytesOfWords, hex } from '../../src/base/bytes.ts';
import { systemRandom } from '../../src/base/random.ts';
import { popcount } from '../../src/ring/bits.ts';
import { Keystream } from '../../src/tape/keystream.ts';
import { deriveSeed, inputSeed, keystreamKey, Seed } from '../../src/tape/seed.ts';

const seed = new Seed(Uint8Array.from({ length: 32 }, (_, i) => i));

test('AES-128-CTR here is the AES-128-CTR of NIST SP 800-38A, F.5.1', () => {
  const cipher = createCipheriv(
    'aes-128-ctr',
    hex.decode('2b7e151628aed2a6abf7158809cf4f3c'),
    hex.decode('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
  );
  const plain = hex.decode(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  );
  assert.equal(
    hex.encode(cipher.update(plain)),
    '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
  );
});

test('key derivation is HKDF-SHA256 of RFC 5869 with empty salt: fixed values stay what they are', () => {
  // Made with Python's hmac and hashlib, following RFC 5869 step by step.
  assert.equal(hex.encode(keystreamKey(seed, 'gates')), '9ff051e3320b880b009bba2691e000c3');
  assert.equal(
    hex.encode(deriveSeed(seed, 'input/alice').exposeSecretBytes()),
    'b9f846877a26f8324df82da9a871eb8df035568e865f5f418e6cadfc8d0e4963',
  );
});

function counterBlock(node: number, lane: number, block: number): Uint8Array {
  return hex.decode(
    [node, lane].map((n) => n.toString(16).padStart(8, '0')).join('') + block.toString(16).padStart(16, '0'),
  );
}

test('a keystream block is the AES encryption of node, lane and block number under the derived key', () => {
  const keystream = new Keystream(seed, 'gates');
  let checked = 0;
  for (const [node, lane, block] of [
    [0, 0, 0],
    [1, 2, 3],
    [0xffffffff, 0xfffffffe, 2 ** 40],
    [7, 0, 2 ** 32 - 1],
  ] as const) {
    const address = counterBlock(node, lane, block);
    const cipher = createCipheriv('aes-128-ecb', keystreamKey(seed, 'gates'), null).setAutoPadding(false);
    assert.deepEqual(
      bytesOfWords(keystream.words(node, lane, 4 * block, 4)),
      new Uint8Array(cipher.update(address)),
    );
    checked++;
  }
  assert.equal(checked, 4);
  assert.equal(hex.encode(counterBlock(1, 2, 3)), '00000001000000020000000000000003');
});

test('any range of a lane is the same words, in whatever order it is made', () => {
  const keystream = new Keystream(seed, 'gates');
  const whole = keystream.words(3, 1, 0, 100_000);
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), (from, length) => {
      const count = Math.min(length, 100_000 - from);
      assert.deepEqual(keystream.words(3, 1, from, count), whole.subarray(from, from + count));
    }),
    { numRuns: 60 },
  );
});

test('lanes, nodes, purposes and seeds have keystreams of their own', () => {
  const streams = [
    new Keystream(seed, 'gates').words(3, 1, 0, 4),
    new Keystream(seed, 'gates').words(3, 2, 0, 4),
    new Keystream(seed, 'gates').words(4, 1, 0, 4),
    new Keystream(seed, 'input').words(3, 1, 0, 4),
    new Keystream(inputSeed(seed, 'alice'), 'gates').words(3, 1, 0, 4),
    new Keystream(inputSeed(seed, 'bob'), 'gates').words(3, 1, 0, 4),
  ].map((words) => words.join());
  assert.equal(new Set(streams).size, 6);
});

test('bits of a keystream have zero padding', () => {
  const keystream = new Keystream(seed, 'gates');
  const words = keystream.words(5, 0, 0, 4);
  assert.deepEqual([...keystream.bits(5, 0, 65)], [words[0], words[1], words[2]! & 1, 0]);
  assert(popcount(keystream.bits(5, 0, 1000)) > 400);
});

test('addresses outside their fields are refused', () => {
  const keystream = new Keystream(seed, 'gates');
  assert.throws(() => keystream.words(2 ** 32, 0, 0, 1), /u32/);
  assert.throws(() => keystream.words(0, -1, 0, 1), /u32/);
  assert.throws(() => keystream.words(0, 0.5, 0, 1), /u32/);
  assert.throws(() => new Seed(new Uint8Array(31)), /32 bytes/);
});

test('a fresh seed takes its bytes from the given source, and erasing it leaves none', () => {
  const fresh = Seed.fresh(systemRandom);
  assert.notDeepEqual(fresh.exposeSecretBytes(), Seed.fresh(systemRandom).exposeSecretBytes());
  fresh.erase();
  assert.deepEqual(fresh.exposeSecretBytes(), new Uint8Array(32));
});

test('a seed and a keystream do not show themselves', () => {
  const canary = new Seed(new Uint8Array(32).fill(0xc5));
  const stream = new Keystream(canary, 'gates');
  const shown = [canary, stream, { canary, stream }].flatMap((thing) => [
    inspect(thing, { showHidden: true, depth: 9 }),
    JSON.stringify(thing),
    `${String(thing)}`,
  ]);
  const secrets = [
    '197',
    'c5c5',
    'C5C5',
    'xcX',
    ...[...keystreamKey(canary, 'gates')]
      .map((_, i, key) => key.slice(i, i + 3).join())
      .filter((text) => text.split(',').length === 3),
  ];
  assert(secrets.length > 10);
  for (const text of shown) {
    for (const secret of secrets) assert(!text.includes(secret), 'nothing of the secret is shown');
  }
  assert.equal(inspect(canary), '[secret]');
  assert.equal(JSON.stringify({ canary }), '{"canary":"[secret]"}');
  assert.equal(`${stream}`, '[secret]');
});
