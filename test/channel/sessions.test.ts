/** Which sessions come into use, and what lets them: one responder, played to by hand. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes } from '../../src/base/bytes.ts';
import { type Frame, parseFrame, type Sealed, type SealedRecord } from '../../src/channel/frames.ts';
import { accept, conversationOf, freshKey, helloOf } from '../../src/channel/handshake.ts';
import { Session } from '../../src/channel/session.ts';
import { Sessions } from '../../src/channel/sessions.ts';
import { defaultSettings } from '../../src/channel/settings.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { drawn, IDENTITY, TOPIC, VirtualClock } from './world.ts';

const random = drawn('sessions');
const initiator = conversationOf({
  identity: IDENTITY.a,
  me: 'server-a',
  peer: 'server-b',
  peerKey: IDENTITY.b.publicKey,
  topic: TOPIC,
});
const responder = conversationOf({
  identity: IDENTITY.b,
  me: 'server-b',
  peer: 'server-a',
  peerKey: IDENTITY.a.publicKey,
  topic: TOPIC,
});

const RECORD: SealedRecord = {
  kind: 'status',
  asks: false,
  number: 0,
  status: { wanted: 0, received: 0, held: [0, 0], window: 0 },
};

function frameOf<Type extends Frame['type']>(bytes: Uint8Array, type: Type): Extract<Frame, { type: Type }> {
  const frame = parseFrame(bytes);
  assert.ok(typeof frame === 'object' && frame.type === type);
  return frame as Extract<Frame, { type: Type }>; // its type was just compared
}

function listening() {
  const clock = new VirtualClock();
  const published: Uint8Array[] = [];
  const sessions = new Sessions({
    conversation: responder,
    random,
    clock,
    settings: defaultSettings,
    publish: (frame) => published.push(frame),
    onWelcome: () => assert.fail('a responder is not welcomed'),
  });
  /** Plays an initiator up to its keys. */
  const greet = () => {
    const x = freshKey(random);
    const hello = helloOf(initiator, x);
    const lent = hello.slice();
    assert.equal(sessions.takeHello(frameOf(lent, 'hello')), undefined);
    lent.fill(0);
    const accepted = accept(initiator, x, frameOf(published.at(-1)!, 'welcome'));
    assert.ok(typeof accepted === 'object');
    const sealing = new Session(accepted.keys, hello);
    const seal = (proof: Uint8Array | undefined): Sealed =>
      frameOf(concatBytes(...sealing.seal(proof === undefined ? RECORD : { ...RECORD, proof })), 'sealed');
    return { hello, proof: accepted.proof, seal };
  };
  return { clock, published, sessions, greet };
}

test('a session comes into use only with the initiator’s proof for this very session', () => {
  const { sessions, greet } = listening();
  const [one, two] = [greet(), greet()];
  const stranger = createIdentity(drawn('stranger')).sign(new Uint8Array(10));
  for (const proof of [undefined, new Uint8Array(64), stranger, two.proof]) {
    assert.equal(sessions.takeSealed(one.seal(proof)), 'channel.unproved');
    assert.equal(sessions.current, undefined);
    assert.equal(sessions.isSettled, false);
  }
  const opened = sessions.takeSealed(one.seal(one.proof));
  assert.ok(typeof opened === 'object' && opened.isFirst);
  assert.equal(sessions.current, opened.session);
  assert.equal(sessions.isSettled, true);
  assert.equal(
    sessions.takeSealed(two.seal(two.proof)),
    'channel.unknown-session',
    'what was pending is forgotten',
  );
});

test('hellos replace nothing: the session in use stays until another one is proved, and is read after that', () => {
  const { clock, sessions, greet } = listening();
  const first = greet();
  assert.equal(typeof sessions.takeSealed(first.seal(first.proof)), 'object');
  const inUse = sessions.current;
  const later = [greet(), greet(), greet(), greet(), greet()];
  assert.equal(sessions.current, inUse);
  assert.equal(typeof sessions.takeSealed(first.seal(undefined)), 'object');
  assert.equal(
    sessions.takeSealed(later[0]!.seal(later[0]!.proof)),
    'channel.unknown-session',
    'only the newest four wait',
  );
  clock.jump(10_000);
  const last = later.at(-1)!;
  assert.equal(typeof sessions.takeSealed(last.seal(last.proof)), 'object');
  assert.notEqual(sessions.current, inUse);
  const late = sessions.takeSealed(first.seal(undefined));
  assert.ok(typeof late === 'object' && !late.isFirst, 'frames under way in the session before still open');
  const next = greet();
  assert.equal(typeof sessions.takeSealed(next.seal(next.proof)), 'object');
  assert.equal(sessions.takeSealed(first.seal(undefined)), 'channel.unknown-session');
});

test('a repeated hello gets the same welcome, and once its session is in use none', () => {
  const { published, sessions, greet } = listening();
  const { hello, proof, seal } = greet();
  const welcome = published.at(-1);
  assert.equal(sessions.takeHello(frameOf(hello, 'hello')), undefined);
  assert.deepEqual(published, [welcome, welcome]);
  assert.equal(typeof sessions.takeSealed(seal(proof)), 'object');
  assert.equal(sessions.takeHello(frameOf(hello, 'hello')), 'channel.replayed');
  assert.equal(published.length, 2);
});

test('more hellos than are looked at are refused until time has passed, even by a clock that was set back', () => {
  const { clock, sessions, greet } = listening();
  for (let count = 0; count < defaultSettings.handshakeBurst; count++) greet();
  const hello = frameOf(helloOf(initiator, freshKey(random)), 'hello');
  assert.equal(sessions.takeHello(hello), 'channel.flood');
  clock.jump(-60_000);
  assert.equal(sessions.takeHello(hello), 'channel.flood');
  clock.jump(40);
  assert.equal(sessions.takeHello(hello), 'channel.flood');
  clock.jump(20);
  assert.equal(sessions.takeHello(hello), undefined);
});
