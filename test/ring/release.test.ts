import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import test from 'node:test';
import { release } from '../../src/ring/release.ts';
import { Keystream } from '../../src/tape/keystream.ts';
import { Seed } from '../../src/tape/seed.ts';

test('what a cipher gives is a buffer of its own, and is empty once released', () => {
  const cipher = createCipheriv('aes-128-ecb', new Uint8Array(16), null).setAutoPadding(false);
  const [first, second] = [cipher.update(new Uint8Array(65_536)), cipher.update(new Uint8Array(65_536))];
  const before = Uint8Array.from(second);
  release(first);
  assert.equal(first.byteLength, 0);
  assert.deepEqual(new Uint8Array(second), before);
});

test('a view of a part of a buffer is left alone: others may read the rest', () => {
  const whole = Uint8Array.from({ length: 64 }, (_, i) => i);
  release(whole.subarray(8, 16));
  assert.equal(whole.length, 64);
  assert.equal(whole[9], 9);
});

test('released pieces are not what a keystream hands out', () => {
  const keystream = new Keystream(new Seed(new Uint8Array(32).fill(3)), 'gates');
  const [short, long] = [keystream.words(1, 2, 0, 1000), keystream.words(1, 2, 0, 100_000)];
  const parts: number[] = [];
  keystream.pieces(1, 2, 0, 100_000, (words) => parts.push(...words));
  for (let i = 0; i < 10; i++) keystream.fill(new Uint32Array(100_000), 7, i);
  assert.equal(parts.length, 100_000);
  assert.deepEqual(long, Uint32Array.from(parts));
  assert.deepEqual(short, long.slice(0, 1000));
});
