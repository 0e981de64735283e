import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes } from '../../src/base/bytes.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { Collector, Mailbox, sourceOf, sourceOfBytes, Transcript } from '../../src/channel/streams.ts';
import { bytesOf } from './world.ts';

const one = (value: number, length = 1) => new Uint8Array(length).fill(value);

test('a source of chunks gives each by its number, as often as asked, and nothing past the last', async () => {
  const source = sourceOf([one(1), one(2)]);
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(await source.chunk(1), one(2));
    assert.deepEqual(await source.chunk(0), one(1));
    assert.equal(await source.chunk(2), undefined);
    assert.equal(await source.chunk(99), undefined);
  }
});

test('a source of bytes cuts them into whole chunks and a rest', async () => {
  for (const length of [
    0,
    1,
    LIMITS.chunkBytes - 1,
    LIMITS.chunkBytes,
    LIMITS.chunkBytes + 1,
    3 * LIMITS.chunkBytes,
  ]) {
    const bytes = bytesOf('cut', length);
    const source = sourceOfBytes(bytes);
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = await source.chunk(chunks.length);
      if (chunk === undefined) break;
      chunks.push(chunk);
    }
    assert.equal(chunks.length, Math.ceil(length / LIMITS.chunkBytes));
    assert.deepEqual(concatBytes(...chunks), bytes);
  }
});

test('a transcript lets its readers wait, and gives the past again', async () => {
  const transcript = new Transcript();
  const waiting = [transcript.chunk(1), transcript.chunk(0), transcript.chunk(1), transcript.chunk(2)];
  transcript.append(one(10));
  transcript.append(one(11));
  assert.deepEqual(await Promise.all(waiting.slice(0, 3)), [one(11), one(10), one(11)]);
  assert.deepEqual(await transcript.chunk(0), one(10));
  transcript.end();
  assert.equal(await waiting[3], undefined);
  assert.equal(await transcript.chunk(7), undefined);
  assert.equal(transcript.length, 2);
  assert.throws(() => transcript.append(one(1)), /after its end/);
  assert.throws(() => new Transcript().append(new Uint8Array(LIMITS.chunkBytes + 1)), /at most/);
});

test('a collector gives the whole once it is finished', async () => {
  const collector = new Collector(5);
  assert.equal(collector.wanted(), 0);
  await collector.accept(one(1, 2));
  await collector.accept(one(2, 0));
  await collector.accept(one(3, 3));
  assert.equal(collector.wanted(), 3);
  await collector.finished();
  await collector.finished();
  assert.deepEqual(await collector.whole, new Uint8Array([1, 1, 3, 3, 3]));
  await assert.rejects(collector.accept(one(1)), { code: 'channel.too-long' });
});

test('a mailbox hands out chunks in order, to those who wait and those who come later', async () => {
  const mailbox = new Mailbox();
  const first = mailbox.take();
  const second = mailbox.take();
  await mailbox.accept(one(1));
  await mailbox.accept(one(2));
  await mailbox.accept(one(3));
  assert.equal(mailbox.wanted(), 3);
  assert.deepEqual(await Promise.all([first, second, mailbox.take()]), [one(1), one(2), one(3)]);
});

test('a mailbox that is full lets the next one wait until there is room', async () => {
  const mailbox = new Mailbox(10);
  await mailbox.accept(one(1, 10));
  let accepted = false;
  const waiting = mailbox.accept(one(2, 1)).then(() => {
    accepted = true;
  });
  await Promise.resolve();
  assert.equal(accepted, false);
  assert.deepEqual(await mailbox.take(), one(1, 10));
  await waiting;
  assert.deepEqual(await mailbox.take(), one(2));
});

test('who waits at a mailbox is told of the end, and can be called off without losing a chunk', async () => {
  const mailbox = new Mailbox();
  const stop = new AbortController();
  const off = mailbox.take(stop.signal);
  const waiting = mailbox.take();
  stop.abort(new Error('called off'));
  await assert.rejects(off, /called off/);
  await assert.rejects(mailbox.take(stop.signal), /called off/);
  await mailbox.accept(one(5));
  assert.deepEqual(await waiting, one(5));
  const last = mailbox.take();
  await mailbox.finished();
  await assert.rejects(last, { code: 'channel.ended' });
  await assert.rejects(mailbox.take(), { code: 'channel.ended' });
});

test('a mailbox still gives what it holds after the end', async () => {
  const mailbox = new Mailbox();
  await mailbox.accept(one(1));
  await mailbox.finished();
  assert.deepEqual(await mailbox.take(), one(1));
  await assert.rejects(mailbox.take(), { code: 'channel.ended' });
});
