import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../src/base/limits.ts';
import {
  HEADER_BYTES,
  helloFrame,
  knockFrame,
  NUMBER_LIMIT,
  parseFrame,
  parseRecord,
  RECORD_BYTES,
  type SealedRecord,
  welcomeFrame,
  writeHeader,
  writeRecord,
} from '../../src/channel/frames.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const number = fc.integer({ min: 0, max: NUMBER_LIMIT - 1 });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const status = fc.record(
  { wanted: number, received: number, held: fc.tuple(word, word), window: word },
  { noNullPrototype: true },
);

const record: fc.Arbitrary<SealedRecord> = fc
  .record({
    kind: fc.constantFrom('status' as const, 'data' as const, 'end' as const),
    asks: fc.boolean(),
    status,
    number,
    chunk: fc.uint8Array({ maxLength: 300 }),
    proof: fc.option(bytes(64), { nil: undefined }),
  })
  .map(({ chunk, proof, ...rest }) => ({
    ...rest,
    ...(rest.kind === 'data' ? { chunk } : {}),
    ...(proof === undefined ? {} : { proof }),
  }));

function written(value: SealedRecord): Uint8Array {
  const [chunk, proof] = [value.chunk ?? new Uint8Array(0), value.proof ?? new Uint8Array(0)];
  const out = new Uint8Array(RECORD_BYTES + chunk.length + proof.length);
  writeRecord(new DataView(out.buffer), value);
  out.set(chunk, RECORD_BYTES);
  out.set(proof, RECORD_BYTES + chunk.length);
  return out;
}

function sealedFrame(counter: number, bodyBytes: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + bodyBytes);
  writeHeader(new DataView(frame.buffer), new Uint8Array(16).fill(5), counter);
  return frame;
}

test('what stands inside a seal reads back as what was written', () => {
  fc.assert(fc.property(record, (value) => assert.deepEqual(parseRecord(written(value)), value)));
});

test('handshake frames read back as what was written', () => {
  fc.assert(
    fc.property(bytes(16), bytes(32), bytes(32), bytes(64), (topic, x, y, signature) => {
      assert.deepEqual(parseFrame(knockFrame(topic)), { type: 'knock', topic });
      const hello = helloFrame(topic, x, signature);
      assert.deepEqual(parseFrame(hello), { type: 'hello', topic, ephemeral: x, signature, bytes: hello });
      const welcome = welcomeFrame(topic, x, y, signature);
      assert.deepEqual(parseFrame(welcome), {
        type: 'welcome',
        topic,
        answered: x,
        ephemeral: y,
        signature,
        bytes: welcome,
      });
    }),
  );
});

test('a sealed frame’s header reads back as what was written', () => {
  fc.assert(
    fc.property(number, (counter) => {
      const frame = sealedFrame(counter, 100);
      const parsed = parseFrame(frame);
      assert.ok(typeof parsed === 'object' && parsed.type === 'sealed');
      assert.equal(parsed.counter, counter);
      assert.deepEqual(parsed.session, new Uint8Array(16).fill(5));
      assert.equal(parsed.body.length, 100);
    }),
  );
});

test('a frame one byte shorter or longer, of another version or type is refused', () => {
  const topic = new Uint8Array(16);
  const key = new Uint8Array(32);
  const signature = new Uint8Array(64);
  for (const frame of [
    knockFrame(topic),
    helloFrame(topic, key, signature),
    welcomeFrame(topic, key, key, signature),
  ]) {
    assert.equal(typeof parseFrame(frame), 'object');
    assert.equal(parseFrame(frame.subarray(0, -1)), 'channel.malformed');
    assert.equal(parseFrame(new Uint8Array([...frame, 0])), 'channel.malformed');
    assert.equal(parseFrame(new Uint8Array([2, ...frame.subarray(1)])), 'channel.version');
    for (const type of [0, 5, 255]) {
      const changed = frame.slice();
      changed[1] = type;
      assert.equal(parseFrame(changed), 'channel.malformed');
    }
    for (const at of [2, 3]) {
      const changed = frame.slice();
      changed[at] = 1;
      assert.equal(parseFrame(changed), 'channel.malformed');
    }
  }
  assert.equal(parseFrame(new Uint8Array(0)), 'channel.malformed');
});

test('sealed frames are bounded below and above, and so are counters', () => {
  const least = RECORD_BYTES + 16;
  assert.equal(typeof parseFrame(sealedFrame(1, least)), 'object');
  assert.equal(parseFrame(sealedFrame(1, least - 1)), 'channel.malformed');
  assert.equal(typeof parseFrame(sealedFrame(1, least + LIMITS.chunkBytes + 64)), 'object');
  assert.equal(parseFrame(sealedFrame(1, least + LIMITS.chunkBytes + 65)), 'channel.oversized');
  assert.equal(parseFrame(new Uint8Array(LIMITS.messageBytes + 1)), 'channel.oversized');
  assert.equal(parseFrame(sealedFrame(NUMBER_LIMIT, least)), 'channel.malformed');
  const reserved = sealedFrame(1, least);
  reserved[5] = 1;
  assert.equal(parseFrame(reserved), 'channel.malformed');
});

test('a record with an unknown kind or flag, a body where none is due, or a cut proof is refused', () => {
  const base = {
    asks: false,
    number: 1,
    status: { wanted: 0, received: 0, held: [0, 0], window: 0 },
  } as const;
  const plain = written({ ...base, kind: 'status' });
  const changed = (at: number, value: number) => plain.map((byte, index) => (index === at ? value : byte));
  assert.notEqual(parseRecord(plain), undefined);
  assert.equal(parseRecord(changed(0, 3)), undefined);
  for (const flag of [4, 8, 128]) assert.equal(parseRecord(changed(1, flag)), undefined);
  assert.equal(parseRecord(changed(2, 1)), undefined);
  assert.equal(parseRecord(changed(8, 1)), undefined);
  assert.equal(parseRecord(new Uint8Array([...plain, 0])), undefined);
  assert.equal(
    parseRecord(written({ ...base, kind: 'data', chunk: new Uint8Array(10), proof: new Uint8Array(9) })),
    undefined,
  );
  assert.equal(
    parseRecord(written({ ...base, kind: 'data', chunk: new Uint8Array(LIMITS.chunkBytes + 1) })),
    undefined,
  );
});

test('any bytes at all are parsed or refused, and nothing is thrown', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (data, plausible) => {
      if (plausible && data.length >= 4) data.set([1, (data[1]! % 4) + 1, 0, 0]);
      if (typeof parseFrame(data) === 'string') refused++;
      if (data.length >= RECORD_BYTES) parseRecord(data);
    }),
    { numRuns: 2000 },
  );
  assert.ok(refused > 500);
});
