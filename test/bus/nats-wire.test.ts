/** What a broker sends, told apart: whatever the reads, every message goes where it belongs, and nothing is lost. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { Wire } from '../../src/bus/nats-wire.ts';
import { bytes } from './collected.ts';

/** Subscriptions with a receiver here. */
const OURS = [1, 12];

type Said =
  | { readonly kind: 'line'; readonly text: string }
  | {
      readonly kind: 'message';
      readonly subscription: number;
      readonly reply: string;
      readonly headers: number | undefined;
      readonly payload: Uint8Array;
    };

const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({
    kind: fc.constant('line' as const),
    text: fc.constantFrom('PING', 'PONG', '+OK', "-ERR 'Slow Consumer'", 'INFO {"max_payload":1048576}'),
  }),
  fc.record({
    kind: fc.constant('message' as const),
    subscription: fc.constantFrom(...OURS, 2, 121),
    reply: fc.constantFrom('', ' _INBOX.a.1'),
    headers: fc.constantFrom(undefined, undefined, undefined, 0, 2),
    // Line ends and things that look like messages are payload like all else.
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('MSG x 1 4\r\n', '\r\n', 'PING\r\n').map(utf8.encode),
    ),
  }),
);

function bytesOfSaid(one: Said): Uint8Array {
  if (one.kind === 'line') return utf8.encode(`${one.text}\r\n`);
  const { subscription, reply, headers, payload } = one;
  const sizes =
    headers === undefined ? payload.length : `${Math.min(headers, payload.length)} ${payload.length}`;
  const line = `${headers === undefined ? 'MSG' : 'HMSG'} some.subject ${subscription}${reply} ${sizes}\r\n`;
  return concatBytes(utf8.encode(line), payload, utf8.encode('\r\n'));
}

test('however the stream is cut, messages reach their receivers and the client gets all else, in order', () => {
  let received = 0;
  let passedOn = 0;
  const property = fc.property(
    fc.array(said, { maxLength: 30 }),
    fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }),
    (stream, reads) => {
      const isOurs = (one: Said) =>
        one.kind === 'message' && one.headers === undefined && OURS.includes(one.subscription);
      const got: { subscription: number; payload: Uint8Array }[] = [];
      const passed: Uint8Array[] = [];
      const receivers = new Map(
        OURS.map((subscription) => [
          subscription,
          (payload: Uint8Array) => void got.push({ subscription, payload: Uint8Array.from(payload) }),
        ]),
      );
      const wire = new Wire({
        receiverOf: (subscription) => receivers.get(subscription),
        passOn: (piece) => passed.push(piece),
      });
      const whole = concatBytes(...stream.map(bytesOfSaid));
      // A read is lent: the same buffer takes the next one.
      const buffer = Buffer.alloc(400);
      for (let at = 0, read = 0; at < whole.length; read++) {
        const length = Math.min(reads[read % reads.length]!, whole.length - at);
        buffer.set(whole.subarray(at, at + length));
        wire.take(buffer.subarray(0, length));
        buffer.fill(0xff);
        at += length;
      }
      assert.deepEqual(
        got,
        stream.flatMap((one) =>
          one.kind === 'message' && isOurs(one)
            ? [{ subscription: one.subscription, payload: Uint8Array.from(one.payload) }]
            : [],
        ),
      );
      const rest = stream.filter((one) => !isOurs(one)).map(bytesOfSaid);
      assert.deepEqual(concatBytes(...passed), concatBytes(...rest));
      received += got.length;
      passedOn += rest.length;
    },
  );
  fc.assert(property, { numRuns: 500 });
  assert.ok(received > 200 && passedOn > 500, `${received} received and ${passedOn} passed on`);
});

test('a message whose subscription ends while it comes is dropped, and the next line is read', () => {
  const passed: string[] = [];
  let isSubscribed = true;
  const wire = new Wire({
    receiverOf: () => (isSubscribed ? () => assert.fail('nobody listens any more') : undefined),
    passOn: (piece) => passed.push(utf8.decode(piece)),
  });
  wire.take(utf8.encode('MSG a 1 5\r\nhal'));
  isSubscribed = false;
  wire.take(utf8.encode('lo\r\nPING\r\n'));
  assert.deepEqual(passed, ['PING\r\n']);
});

test('what no broker says is an error, not a wait for ever', () => {
  const wire = () => new Wire({ receiverOf: () => () => {}, passOn: () => {} });
  for (const line of [
    'MSG a 1\r\n',
    'MSG a 1 x\r\n',
    'MSG a 1 -1\r\n',
    'MSG a 1 99999999999\r\n',
    'HMSG\r\n',
  ])
    assert.throws(() => wire().take(utf8.encode(line)), /no size/, line);
  const endless = wire();
  assert.throws(() => {
    for (let read = 0; read < 40; read++) endless.take(new Uint8Array(65_536).fill(0x41));
  }, /without an end/);
  wire().take(bytes());
});
