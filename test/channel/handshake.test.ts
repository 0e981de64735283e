import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test from 'node:test';
import { hex, utf8 } from '../../src/base/bytes.ts';
import type { RandomSource } from '../../src/base/random.ts';
import type { ChannelTopic } from '../../src/channel/channel.ts';
import { type Hello, helloFrame, parseFrame, type Welcome, welcomeFrame } from '../../src/channel/frames.ts';
import {
  accept,
  answerTo,
  type Conversation,
  conversationOf,
  type Ends,
  freshKey,
  helloOf,
} from '../../src/channel/handshake.ts';
import { ephemeralKey, sharedSecret } from '../../src/channel/primitives.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { verify } from '../../src/identity/signing.ts';

const random: RandomSource = (length) => new Uint8Array(randomBytes(length));
const a = createIdentity(random);
const b = createIdentity(random);
const stranger = createIdentity(random);
const TOPIC: ChannelTopic = {
  deployment: 'test',
  collaboration: 'c0ffee',
  purpose: 'compute',
  descriptor: 'd1',
  attempt: 1,
};

const ends = (side: 'a' | 'b', changes: Partial<Ends> = {}): Ends =>
  side === 'a'
    ? { identity: a, me: 'server-a', peer: 'server-b', peerKey: b.publicKey, topic: TOPIC, ...changes }
    : { identity: b, me: 'server-b', peer: 'server-a', peerKey: a.publicKey, topic: TOPIC, ...changes };

const helloIn = (bytes: Uint8Array): Hello => {
  const frame = parseFrame(bytes);
  assert.ok(typeof frame === 'object' && frame.type === 'hello');
  return frame;
};
const welcomeIn = (bytes: Uint8Array): Welcome => {
  const frame = parseFrame(bytes);
  assert.ok(typeof frame === 'object' && frame.type === 'welcome');
  return frame;
};

function run(initiator: Conversation, responder: Conversation, draw: RandomSource = random) {
  const x = freshKey(draw);
  const hello = helloOf(initiator, x);
  const answer = answerTo(responder, helloIn(hello), draw);
  if (typeof answer === 'string') return answer;
  const accepted = accept(initiator, x, welcomeIn(answer.welcome));
  return typeof accepted === 'string' ? accepted : { hello, answer, accepted };
}

test('the smaller address initiates, whoever asks', () => {
  assert.equal(conversationOf(ends('a')).initiates, true);
  assert.equal(conversationOf(ends('b')).initiates, false);
});

test('both sides come to the same keys, one for each direction, and the proof holds', () => {
  const done = run(conversationOf(ends('a')), conversationOf(ends('b')));
  assert.ok(typeof done === 'object');
  const [ours, theirs] = [done.accepted.keys, done.answer.keys];
  assert.deepEqual(ours.id, theirs.id);
  assert.deepEqual(ours.transcript, theirs.transcript);
  assert.deepEqual(ours.sendKey, theirs.receiveKey);
  assert.deepEqual(ours.receiveKey, theirs.sendKey);
  assert.notDeepEqual(ours.sendKey, ours.receiveKey);
  assert.ok(verify(a.publicKey, done.answer.toProve, done.accepted.proof));
  assert.ok(!verify(b.publicKey, done.answer.toProve, done.accepted.proof));
});

test('keys come from the ephemerals: the same draw gives the same keys, another draw others', () => {
  const drawn = (seed: string): RandomSource => {
    let count = 0;
    return (length) =>
      new Uint8Array(createHash('sha256').update(`${seed} ${count++}`).digest()).slice(0, length);
  };
  const keysFrom = (seed: string) => {
    const done = run(conversationOf(ends('a')), conversationOf(ends('b')), drawn(seed));
    assert.ok(typeof done === 'object');
    return hex.encode(done.accepted.keys.sendKey);
  };
  assert.equal(keysFrom('one'), keysFrom('one'));
  assert.notEqual(keysFrom('one'), keysFrom('two'));
});

test('a hello or welcome by another key than the enrolled one is refused', () => {
  const impostor = (side: 'a' | 'b') => conversationOf(ends(side, { identity: stranger }));
  assert.equal(run(impostor('a'), conversationOf(ends('b'))), 'channel.bad-signature');
  assert.equal(run(conversationOf(ends('a')), impostor('b')), 'channel.bad-signature');
  assert.equal(
    run(conversationOf(ends('a', { peerKey: stranger.publicKey })), conversationOf(ends('b'))),
    'channel.bad-signature',
  );
});

test('nothing signed for one conversation is good for another', () => {
  const others: readonly Partial<Ends>[] = [
    { topic: { ...TOPIC, deployment: 'other' } },
    { topic: { ...TOPIC, collaboration: 'c0ffef' } },
    { topic: { ...TOPIC, purpose: 'tape' } },
    { topic: { ...TOPIC, descriptor: 'd2' } },
    { topic: { ...TOPIC, attempt: 2 } },
    { topic: { ...TOPIC, collaboration: 'c0ffeecompute', purpose: '' as 'tape' } }, // fields run together
    { peer: 'party-a' },
  ];
  for (const change of others) {
    const [here, there] = [conversationOf(ends('b')), conversationOf(ends('b', change))];
    const x = freshKey(random);
    const hello = helloIn(helloOf(conversationOf(ends('a')), x));
    assert.equal(typeof answerTo(here, hello, random), 'object');
    assert.equal(answerTo(there, hello, random), 'channel.bad-signature');
    if (change.topic !== undefined) assert.notDeepEqual(here.topic, there.topic);
  }
});

test('a signature for one step of the handshake is good for no other', () => {
  const [initiator, responder] = [conversationOf(ends('a')), conversationOf(ends('b'))];
  const x = freshKey(random);
  const hello = helloIn(helloOf(initiator, x));
  const answer = answerTo(responder, hello, random);
  assert.ok(typeof answer === 'object');
  const welcome = welcomeIn(answer.welcome);
  const accepted = accept(initiator, x, welcome);
  assert.ok(typeof accepted === 'object');
  for (const signature of [welcome.signature, accepted.proof])
    assert.equal(answerTo(responder, { ...hello, signature }, random), 'channel.bad-signature');
  for (const signature of [hello.signature, accepted.proof])
    assert.equal(accept(initiator, x, { ...welcome, signature }), 'channel.bad-signature');
  for (const signature of [hello.signature, welcome.signature])
    assert.equal(verify(a.publicKey, answer.toProve, signature), false);
});

test('a welcome for another hello is refused, though it is the peer’s', () => {
  const [initiator, responder] = [conversationOf(ends('a')), conversationOf(ends('b'))];
  const [x, later] = [freshKey(random), freshKey(random)];
  const answer = answerTo(responder, helloIn(helloOf(initiator, x)), random);
  assert.ok(typeof answer === 'object');
  assert.equal(accept(initiator, later, welcomeIn(answer.welcome)), 'channel.stale-welcome');
  const welcome = { ...welcomeIn(answer.welcome), answered: later.publicKey };
  assert.equal(accept(initiator, later, welcome), 'channel.bad-signature');
});

test('every flipped bit of a hello or welcome is refused', () => {
  const [initiator, responder] = [conversationOf(ends('a')), conversationOf(ends('b'))];
  const x = freshKey(random);
  const hello = helloOf(initiator, x);
  const answer = answerTo(responder, helloIn(hello), random);
  assert.ok(typeof answer === 'object');
  let refused = 0;
  const flipped = (bytes: Uint8Array, bit: number) => {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    return parseFrame(changed);
  };
  for (let bit = 0; bit < hello.length * 8; bit++) {
    const frame = flipped(hello, bit);
    const outcome =
      typeof frame === 'string' ||
      frame.type !== 'hello' ||
      hex.encode(frame.topic) !== hex.encode(responder.topic)
        ? 'refused before'
        : answerTo(responder, frame, random);
    assert.equal(typeof outcome, 'string', `bit ${bit} of the hello`);
    refused++;
  }
  for (let bit = 0; bit < answer.welcome.length * 8; bit++) {
    const frame = flipped(answer.welcome, bit);
    const outcome =
      typeof frame === 'string' ||
      frame.type !== 'welcome' ||
      hex.encode(frame.topic) !== hex.encode(initiator.topic)
        ? 'refused before'
        : accept(initiator, x, frame);
    assert.equal(typeof outcome, 'string', `bit ${bit} of the welcome`);
    refused++;
  }
  assert.equal(refused, (116 + 148) * 8);
});

test('an ephemeral of small order is refused, though it is signed', () => {
  const [initiator, responder] = [conversationOf(ends('a')), conversationOf(ends('b'))];
  const zero = new Uint8Array(32);
  const weak = { privateKey: ephemeralKey(new Uint8Array(32).fill(3)).privateKey, publicKey: zero };
  assert.equal(answerTo(responder, helloIn(helloOf(initiator, weak)), random), 'channel.weak-key');

  const signed: Uint8Array[] = [];
  const noting: Identity = {
    publicKey: b.publicKey,
    sign: (message) => {
      signed.push(message);
      return b.sign(message);
    },
  };
  const x = freshKey(random);
  const hello = helloIn(helloOf(initiator, x));
  const answer = answerTo({ ...responder, identity: noting }, hello, random);
  assert.ok(typeof answer === 'object');
  const statement = signed[0]!;
  const withZero = new Uint8Array([...statement.subarray(0, -32), ...zero]);
  const welcome = welcomeFrame(initiator.topic, x.publicKey, zero, b.sign(withZero));
  assert.equal(accept(initiator, x, welcomeIn(welcome)), 'channel.weak-key');
});

test('what is signed begins with a byte that no text holds, so that no login or command can stand for it', () => {
  const signed: Uint8Array[] = [];
  const noting = (identity: Identity): Identity => ({
    publicKey: identity.publicKey,
    sign: (message) => {
      signed.push(message);
      return identity.sign(message);
    },
  });
  run(conversationOf(ends('a', { identity: noting(a) })), conversationOf(ends('b', { identity: noting(b) })));
  assert.equal(signed.length, 3);
  for (const message of signed) {
    assert.equal(message[0], 0xff);
    assert.throws(() => utf8.decode(message));
    for (const text of [
      TOPIC.deployment,
      TOPIC.collaboration,
      TOPIC.purpose,
      TOPIC.descriptor,
      'server-a',
      'server-b',
    ])
      assert.ok(Buffer.from(message).includes(text), `the signature covers ${text}`);
  }
});

test('a recorded handshake and both identities are not enough for its keys', () => {
  const [initiator, responder] = [conversationOf(ends('a')), conversationOf(ends('b'))];
  const done = run(initiator, responder);
  assert.ok(typeof done === 'object');
  const recorded = { hello: helloIn(done.hello), welcome: welcomeIn(done.answer.welcome) };
  const keys = [done.accepted.keys.sendKey, done.accepted.keys.receiveKey].map(hex.encode);

  // Playing either side again with its identity: the other ephemeral is on record, our own is another one.
  const again = answerTo(responder, recorded.hello, random);
  assert.ok(typeof again === 'object');
  for (const key of [again.keys.sendKey, again.keys.receiveKey]) assert.ok(!keys.includes(hex.encode(key)));
  assert.equal(accept(initiator, freshKey(random), recorded.welcome), 'channel.stale-welcome');

  // The recorded public ephemerals give a secret only with one of the private ones.
  const secret = sharedSecret(freshKey(random).privateKey, recorded.welcome.ephemeral);
  assert.ok(secret !== undefined);
  assert.ok(!keys.includes(hex.encode(secret)));
  assert.equal(
    helloFrame(recorded.hello.topic, recorded.hello.ephemeral, recorded.hello.signature).length,
    116,
  );
});
