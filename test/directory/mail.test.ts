/** Messages as the log keeps them: until each place has shown them, and no longer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { BOUNDS } from '../../src/directory/bounds.ts';
import { codeOf, digestOf, HASH, Played, person } from './played.ts';

async function pair() {
  const log = new Played();
  const ann = await person('ann');
  const bob = await person('bob');
  log.member(ann);
  log.member(bob);
  return { log, ann, bob };
}

test('messages are numbered, and kept until every place has acknowledged them', async () => {
  const { log, ann, bob } = await pair();
  log.signIn(bob, 'phone');
  for (let number = 1; number <= 3; number++) {
    const sent = log.send(ann, bob);
    assert.ok(sent.ok);
    assert.deepEqual(sent.answer, { number, timeMs: log.timeMs });
  }
  assert.deepEqual(log.kept(bob), [1, 2, 3]);
  log.acknowledge(bob, 'bob', 2);
  assert.deepEqual(log.kept(bob), [1, 2, 3], 'the phone has not shown them');
  log.acknowledge(bob, 'phone', 1);
  assert.deepEqual(log.kept(bob), [2, 3]);
  log.acknowledge(bob, 'phone', 3);
  assert.deepEqual(log.kept(bob), [3]);
  log.acknowledge(bob, 'bob', 3);
  assert.deepEqual(log.kept(bob), []);
  assert.equal(log.records.mailboxes.get('bob')?.bytes, 0);
});

test('an acknowledgement that comes late, twice, or of an earlier number changes nothing', async () => {
  const { log, ann, bob } = await pair();
  log.signIn(bob, 'phone');
  for (let count = 0; count < 3; count++) log.send(ann, bob);
  log.acknowledge(bob, 'bob', 2);
  const before = log.records.sessions.get(digestOf('bob'));
  for (const number of [0, 1, 2]) assert.equal(codeOf(log.acknowledge(bob, 'bob', number)), 'ok');
  assert.deepEqual(log.records.sessions.get(digestOf('bob')), before);
  assert.equal(codeOf(log.acknowledge(bob, 'bob', 4)), 'message.unknown');
});

test('a place that leaves holds nothing back, but what no place has shown waits for the next', async () => {
  const { log, ann, bob } = await pair();
  log.signIn(bob, 'phone');
  for (let count = 0; count < 3; count++) log.send(ann, bob);
  log.acknowledge(bob, 'bob', 2);
  log.as('bob', 'phone', { kind: 'closeSession', session: digestOf('phone') });
  assert.deepEqual(log.kept(bob), [3]);
  log.as('bob', 'bob', { kind: 'closeSession', session: digestOf('bob') });
  assert.deepEqual(log.kept(bob), [3]);
  const signedIn = log.signIn(bob, 'tablet');
  assert.ok(signedIn.ok);
  assert.equal(
    (signedIn.answer as { acknowledged: number }).acknowledged,
    2,
    'the tablet begins with the third',
  );
});

test('a message told twice is one message; its id said of another is refused', async () => {
  const { log, ann, bob } = await pair();
  const id = newCommandId(systemRandom);
  const first = log.send(ann, bob, id);
  assert.deepEqual(log.send(ann, bob, id), first);
  assert.equal(codeOf(log.send(ann, ann, id)), 'command.id-reused');
  assert.equal(codeOf(log.send(bob, bob, id)), 'ok', 'another account may have the same id');
  assert.deepEqual(log.kept(bob), [1, 2]);
});

test('nothing is taken for whoever cannot read it: no account, no keys, other keys', async () => {
  const { log, ann, bob } = await pair();
  log.own({ kind: 'registerAccount', account: 'ivo', password: HASH, keys: null });
  assert.equal(codeOf(log.send(ann, await person('nobody'))), 'account.unknown');
  assert.equal(codeOf(log.send(ann, await person('ivo'))), 'account.no-keys');
  assert.equal(codeOf(log.send(ann, await person('bob'))), 'message.other-key');
  assert.deepEqual(log.kept(bob), []);
});

/** So many that they can fill a mailbox together. */
async function crowd(log: Played) {
  const people = [];
  for (let number = 0; number < Math.ceil(BOUNDS.mailboxMessages / BOUNDS.senderMessages) + 1; number++) {
    const one = await person(`sender-${number}`);
    log.member(one);
    people.push(one);
  }
  return people;
}

test('a full mailbox refuses, and takes again once it has been read', async () => {
  const { log, bob } = await pair();
  const senders = await crowd(log);
  const fill = () => {
    let taken = 0;
    for (const sender of senders) for (; codeOf(log.send(sender, bob)) === 'ok'; taken++) log.timeMs += 10;
    return taken;
  };
  assert.equal(fill(), BOUNDS.mailboxMessages);
  assert.equal(codeOf(log.send(senders.at(-1)!, bob)), 'mail.full');
  log.acknowledge(bob, 'bob', 10);
  assert.equal(fill(), 10);
});

test("no sender fills another's mailbox alone: what others write is taken, and its own again once some was read", async () => {
  const { log, ann, bob } = await pair();
  const cleo = await person('cleo');
  log.member(cleo);
  const send = () => {
    log.timeMs += 10;
    return codeOf(log.send(ann, bob));
  };
  for (let count = 0; count < BOUNDS.senderMessages; count++) assert.equal(send(), 'ok');
  assert.equal(send(), 'mail.sender-full');
  assert.equal(codeOf(log.send(cleo, bob)), 'ok');
  assert.equal(codeOf(log.send(ann, cleo)), 'ok', 'it is counted by recipient');
  log.acknowledge(bob, 'bob', 3);
  assert.deepEqual([send(), send(), send(), send()], ['ok', 'ok', 'ok', 'mail.sender-full']);
  log.acknowledge(bob, 'bob', BOUNDS.senderMessages + 4);
  assert.deepEqual(log.kept(bob), []);
  assert.deepEqual(
    [...log.records.shares.entries()].map(([key]) => key),
    ['cleo ann'],
    'nothing else waits',
  );
});

test('a place that is silent while others go on does not keep a mailbox full for ever', async () => {
  const { log, ann, bob } = await pair();
  log.signIn(bob, 'lost phone');
  for (let count = 0; count < BOUNDS.senderMessages; count++) {
    log.timeMs += 10;
    log.send(ann, bob);
  }
  log.acknowledge(bob, 'bob', 100);
  assert.equal(codeOf(log.send(ann, bob)), 'mail.sender-full');
  log.timeMs += BOUNDS.silentMs;
  assert.equal(codeOf(log.send(ann, bob)), 'ok');
  assert.deepEqual(log.records.accounts.get('bob')?.sessions, [digestOf('bob')]);
  assert.equal(log.kept(bob).length, BOUNDS.senderMessages - 100 + 1);
});

test('whoever sends too fast is slowed down, and others are not', async () => {
  const { log, ann, bob } = await pair();
  let [refused, taken] = [0, 0];
  for (let count = 0; count < BOUNDS.messagesAtOnce + 100; count++) {
    if (codeOf(log.send(ann, bob)) === 'message.too-fast') refused++;
    else taken++;
    if (taken % 200 === 0) log.acknowledge(bob, 'bob', taken);
  }
  assert.ok(refused > 30 && refused < 100, `${refused} were refused`);
  assert.equal(codeOf(log.send(bob, ann)), 'ok');
  log.timeMs += 1000;
  assert.equal(codeOf(log.send(ann, bob)), 'ok');
});

test('of a deleted account nothing is left, and those whose messages it has not got are told', async () => {
  const { log, ann, bob } = await pair();
  const eve = await person('eve');
  log.member(eve);
  log.signIn(bob, 'phone');
  const ids = [1, 2, 3].map(() => newCommandId(systemRandom));
  for (const id of ids) log.send(ann, bob, id);
  const evesId = newCommandId(systemRandom);
  log.send(eve, bob, evesId);
  log.send(bob, ann);
  log.acknowledge(bob, 'bob', 1);
  const remove = (place: string, signer = bob) =>
    codeOf(
      log.as('bob', place, {
        kind: 'deleteAccount',
        session: digestOf(place),
        evidence: log.evidence('delete', 'bob', signer.identity, place),
      }),
    );
  assert.equal(remove('bob', eve), 'account.bad-proof');
  assert.equal(remove('bob'), 'ok');
  assert.deepEqual(log.kept(bob), []);
  assert.equal(log.records.sessions.get(digestOf('phone')), undefined);
  assert.equal(log.records.mailboxes.get('bob'), undefined);
  assert.equal(log.records.sessions.get(digestOf('bob')), undefined);
  assert.equal(codeOf(log.send(ann, bob)), 'account.unknown');
  const notices = [...log.records.mail.entries()].filter(([, { kind }]) => kind === 'undelivered');
  assert.deepEqual(
    notices.map(([key, mail]) => [
      key,
      mail.kind === 'undelivered' ? [mail.account, mail.count, mail.ids] : '',
    ]),
    [
      ['ann 2', ['bob', 2, ids.slice(1)]],
      ['eve 1', ['bob', 1, [evesId]]],
    ],
    'what bob had seen was delivered; the message to ann is still hers',
  );
});

test("a deleted account's name, registered again, has neither its mail nor what comes back to it", async () => {
  const { log, ann, bob } = await pair();
  log.send(ann, bob);
  log.send(bob, ann);
  const remove = (who: typeof ann) =>
    log.as(who.name, who.name, {
      kind: 'deleteAccount',
      session: digestOf(who.name),
      evidence: log.evidence('delete', who.name, who.identity, who.name),
    });
  remove(bob);
  const next = await person('bob');
  log.timeMs += 1000;
  log.own({ kind: 'registerAccount', account: 'bob', password: HASH, keys: null });
  assert.deepEqual(log.kept(next), []);
  remove(ann);
  assert.deepEqual(log.kept(next), [], "the notice about the first bob's message is not for the second");
});
