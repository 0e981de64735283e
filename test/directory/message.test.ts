/** What is inside a sealed message, and what is not believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { BOUNDS } from '../../src/directory/bounds.ts';
import { idFor, type MessageSaid, openMessage, sealMessage } from '../../src/directory/message.ts';
import { sealTo } from '../../src/identity/sealing.ts';
import { DEPLOYMENT, START_MS } from './played.ts';
import { Member } from './replicas.ts';

const refusedWith = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;
const ID = '5'.repeat(32);

async function written(changes: Partial<MessageSaid> = {}) {
  const [ann, bob, eve] = [await Member.make('ann'), await Member.make('bob'), await Member.make('eve')];
  const said = { from: 'ann', to: ['bob'], id: ID, sentMs: START_MS, text: 'hello', ...changes };
  const keysOf = ({ person }: Member) => ({ signing: person.identity.publicKey, sealing: person.sealing });
  const seal = async (signer = ann, to = bob, deployment = DEPLOYMENT) =>
    sealMessage({ deployment, identity: signer.person.identity, random: systemRandom }, said, {
      account: to.name,
      keys: keysOf(to),
    });
  const mailOf = (sealed: { sealedTo: string; sealed: string }, more: object = {}) =>
    ({
      kind: 'message',
      number: 1,
      id: idFor(said.id, 'bob'),
      from: 'ann',
      timeMs: START_MS,
      ...sealed,
      ...more,
    }) as const;
  const open = async (mail: ReturnType<typeof mailOf>, sender = ann) =>
    openMessage(
      { deployment: DEPLOYMENT, account: 'bob', sealingKeys: [eve.sealingKey, bob.sealingKey] },
      mail,
      sender.person.identity.publicKey,
    );
  return { ann, bob, eve, said, seal, mailOf, open };
}

test('what was written is what is read', async () => {
  const { said, seal, mailOf, open } = await written({ collaboration: 'c'.repeat(20), to: ['eve', 'bob'] });
  assert.deepEqual(await open(mailOf(await seal())), { ...said, to: ['bob', 'eve'] });
});

test('nothing is read that its sender has not signed, for this recipient, under this id', async () => {
  const { ann, bob, eve, seal, mailOf, open } = await written();
  const sealed = await seal();
  await assert.rejects(
    open(mailOf(await seal(eve))),
    refusedWith('message.not-signed'),
    "eve signs in ann's name",
  );
  await assert.rejects(open(mailOf(sealed), eve), refusedWith('message.not-signed'));
  await assert.rejects(open(mailOf(sealed, { from: 'eve' })), refusedWith('message.unreadable'));
  await assert.rejects(open(mailOf(sealed, { id: ID })), refusedWith('message.unreadable'));
  await assert.rejects(open(mailOf(await seal(ann, bob, 'another'))), refusedWith('message.unreadable'));
  await assert.rejects(open(mailOf(sealed, { sealedTo: ann.person.sealing })), refusedWith('message.no-key'));
  await assert.rejects(
    open(mailOf(sealed, { sealedTo: eve.person.sealing })),
    refusedWith('message.unreadable'),
  );
});

test('a recipient cannot hand a message on as if it had been written to somebody else', async () => {
  const toEve = await written({ to: ['eve'] });
  const { eve, bob, said, mailOf, open } = await written();
  // Eve seals to bob what ann has written to eve: the inside names its recipients.
  const inside = await toEve.seal(toEve.ann, eve);
  const context = (to: string) => ({
    info: 'mpc/1 message',
    additional: utf8.encode(
      `{"deployment":"${DEPLOYMENT}","from":"ann","id":"${idFor(said.id, to)}","to":"${to}"}`,
    ),
  });
  const opened = eve.sealingKey.open(new Uint8Array(Buffer.from(inside.sealed, 'base64url')), context('eve'));
  assert.ok(opened !== undefined);
  const again = sealTo(bob.person.sealing, context('bob'), opened, systemRandom);
  const mail = mailOf({ sealedTo: bob.person.sealing, sealed: Buffer.from(again).toString('base64url') });
  await assert.rejects(open(mail, toEve.ann), refusedWith('message.not-signed'));
});

test('a message that has been read is not taken for a second one under another id', async () => {
  const { bob, seal, mailOf, open } = await written();
  const context = (id: string) => ({
    info: 'mpc/1 message',
    additional: utf8.encode(`{"deployment":"${DEPLOYMENT}","from":"ann","id":"${id}","to":"bob"}`),
  });
  const sealed = new Uint8Array(Buffer.from((await seal()).sealed, 'base64url'));
  const inside = bob.sealingKey.open(sealed, context(idFor(ID, 'bob')));
  assert.ok(inside !== undefined);
  const other = idFor('6'.repeat(32), 'bob');
  const again = Buffer.from(sealTo(bob.person.sealing, context(other), inside, systemRandom)).toString(
    'base64url',
  );
  const mail = mailOf({ sealedTo: bob.person.sealing, sealed: again }, { id: other });
  await assert.rejects(open(mail), refusedWith('message.not-signed'));
});

test('a message of a later version, or that is none, is refused by name', async () => {
  const { bob, mailOf, open, said } = await written();
  const additional = utf8.encode(
    `{"deployment":"${DEPLOYMENT}","from":"ann","id":"${idFor(said.id, 'bob')}","to":"bob"}`,
  );
  const sealedOf = async (text: Uint8Array) => {
    const sealed = sealTo(bob.person.sealing, { info: 'mpc/1 message', additional }, text, systemRandom);
    return mailOf({ sealedTo: bob.person.sealing, sealed: Buffer.from(sealed).toString('base64url') });
  };
  await assert.rejects(
    open(await sealedOf(utf8.encode('{"version":2,"new":true}'))),
    refusedWith('message.version'),
  );
  for (const text of ['', '[]', '{"version":1}', 'not json'])
    await assert.rejects(open(await sealedOf(utf8.encode(text))), refusedWith('message.unreadable'), text);
  await assert.rejects(open(await sealedOf(new Uint8Array([0xff, 0xfe]))), refusedWith('message.unreadable'));
});

test('the longest text to the most recipients fits, and lengths are padded', async () => {
  const to = ['bob', ...Array.from({ length: 255 }, (_, at) => `p${at}`.padEnd(64, 'x'))];
  const longest = await written({ to, text: '"'.repeat(4096) });
  const sealed = await longest.seal();
  assert.ok(sealed.sealed.length <= (BOUNDS.sealedBytes * 4) / 3, `${sealed.sealed.length}`);
  assert.equal((await longest.open(longest.mailOf(sealed))).text.length, 4096);
  const short = await (await written({ text: 'no' })).seal();
  const longer = await (await written({ text: 'yes' })).seal();
  assert.equal(short.sealed.length, longer.sealed.length);
  await assert.rejects((await written({ text: 'a\u001b[2J' })).seal(), refusedWith('text.control-character'));
});
