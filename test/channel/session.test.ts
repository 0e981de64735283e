import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes, hex, utf8 } from '../../src/base/bytes.ts';
import { parseFrame, type Sealed, type SealedRecord } from '../../src/channel/frames.ts';
import { Session } from '../../src/channel/session.ts';

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

function pair(): readonly [Session, Session] {
  const shared = { id: filled(16, 1), transcript: filled(32, 2) };
  return [
    new Session({ ...shared, sendKey: filled(32, 3), receiveKey: filled(32, 4) }, filled(1, 0)),
    new Session({ ...shared, sendKey: filled(32, 4), receiveKey: filled(32, 3) }, filled(1, 0)),
  ];
}

const data = (number: number, chunk: Uint8Array): SealedRecord => ({
  kind: 'data',
  asks: false,
  number,
  chunk,
  status: { wanted: 5, received: 6, held: [1, 2], window: 7 },
});

const sealedIn = (parts: readonly Uint8Array[]): Sealed => {
  const frame = parseFrame(concatBytes(...parts));
  assert.ok(typeof frame === 'object' && frame.type === 'sealed');
  return frame;
};

test('a record comes out as it went in, small and large, with and without a proof', () => {
  const [a, b] = pair();
  for (const length of [0, 1, 100, 4055, 4056, 4057, 5000, 262144]) {
    const record = data(length, filled(length, 9));
    assert.deepEqual(b.open(sealedIn(a.seal(record))), record);
    const proved = { ...record, proof: filled(64, 8) };
    assert.deepEqual(b.open(sealedIn(a.seal(proved))), proved);
  }
});

test('a chunk starts at a multiple of 8 bytes, so that words can be read where they are', () => {
  const [a, b] = pair();
  for (const length of [8, 4096, 262144]) {
    const record = b.open(sealedIn(a.seal(data(0, filled(length, 1)))));
    assert.ok(typeof record === 'object' && record.chunk !== undefined);
    assert.equal(record.chunk.byteOffset % 8, 0);
  }
});

test('no two frames have the same counter, and the plaintext is not in them', () => {
  const [a] = pair();
  const chunk = utf8.encode('a secret that nobody but the peer may read');
  const frames = Array.from({ length: 200 }, () => a.seal(data(0, chunk)));
  assert.equal(new Set(frames.map((frame) => sealedIn(frame).counter)).size, 200);
  assert.equal(new Set(frames.map((frame) => hex.encode(sealedIn(frame).body))).size, 200);
  for (const frame of frames)
    assert.ok(!Buffer.concat(frame).includes('secret'), 'a frame shows no plaintext');
});

test('every flipped bit of a sealed frame is refused, and the frame itself still opens afterwards', () => {
  const [a, b] = pair();
  const frame = concatBytes(...a.seal(data(3, filled(20, 5))));
  let refused = 0;
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const changed = frame.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const parsed = parseFrame(changed);
    if (typeof parsed === 'string' || parsed.type !== 'sealed') refused++;
    else if (hex.encode(parsed.session) !== hex.encode(b.id)) refused++;
    else if (b.open(parsed) === 'channel.bad-seal') refused++;
  }
  assert.equal(refused, frame.length * 8);
  assert.equal(typeof b.open(sealedIn([frame])), 'object');
});

test('a frame opens once, in whatever order frames come', () => {
  const [a, b] = pair();
  const frames = Array.from({ length: 500 }, (_, index) => sealedIn(a.seal(data(index, filled(1, 1)))));
  const shuffled = frames
    .map((frame, index) => ({ frame, key: (index * 7919) % 500 }))
    .sort((x, y) => x.key - y.key);
  for (const { frame } of shuffled) {
    assert.equal(typeof b.open(frame), 'object');
    assert.equal(b.open(frame), 'channel.replayed');
  }
  for (const frame of frames) assert.equal(b.open(frame), 'channel.replayed');
});

test('counters older than the replay window are refused, and a leap forgets nothing', () => {
  const [a, b] = pair();
  const frames = Array.from({ length: 10_000 }, () => sealedIn(a.seal(data(0, filled(0, 0)))));
  assert.equal(typeof b.open(frames[0]!), 'object');
  assert.equal(typeof b.open(frames[4096]!), 'object');
  assert.equal(b.open(frames[0]!), 'channel.replayed');
  assert.equal(typeof b.open(frames[1]!), 'object');
  assert.equal(typeof b.open(frames[9_999]!), 'object');
  assert.equal(b.open(frames[4096]!), 'channel.replayed');
  assert.equal(b.open(frames[5903]!), 'channel.replayed');
  assert.equal(typeof b.open(frames[5904]!), 'object');
  assert.equal(b.open(frames[5904]!), 'channel.replayed');
  assert.equal(b.open(frames[9_999]!), 'channel.replayed');
});

test('a frame cannot be sent back to where it came from', () => {
  const [a] = pair();
  assert.equal(a.open(sealedIn(a.seal(data(0, filled(4, 4))))), 'channel.bad-seal');
});

test('another transcript opens nothing, though the keys are the same', () => {
  const [a] = pair();
  const keys = {
    id: filled(16, 1),
    transcript: filled(32, 99),
    sendKey: filled(32, 4),
    receiveKey: filled(32, 3),
  };
  assert.equal(
    new Session(keys, filled(1, 0)).open(sealedIn(a.seal(data(0, filled(4, 4))))),
    'channel.bad-seal',
  );
});
