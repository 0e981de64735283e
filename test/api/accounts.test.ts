/**
 * Accounts, sessions and messages over real HTTP, as an account's own program uses them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { idFor, openMessage, sealMessage } from '../../src/directory/message.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { DEPLOYMENT, identityOf } from '../coordination/world.ts';
import { EventReader } from './sse.ts';
import { type Answer, type Faces, newCollaboration, withFaces } from './world.ts';

const PASSWORD = 'correct horse battery';

const keysOf = async (account: string, identity: Identity, party?: Identity) =>
  sayKeys({
    deployment: DEPLOYMENT,
    account,
    identity,
    sealing: sealingKeyOf(identity).publicKey,
    nowMs: Date.now(),
    ...(party === undefined ? {} : { party }),
  });

/** Signs in by key: fast. */
async function signedIn(faces: Faces, account: string, identity: Identity): Promise<string> {
  const keys = await keysOf(account, identity);
  const made = await faces.ask('POST /account', { body: { account, keys } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const token = newToken(systemRandom);
  const session = tokenDigest(token);
  const atMs = Date.now();
  const signature = signStatement(DEPLOYMENT, identity, { kind: 'session', account, session, atMs });
  const opened = await faces.ask('POST /session', { body: { account, session, atMs, signature } });
  assert.equal(opened.status, 201, JSON.stringify(opened.body));
  assert.equal(opened.body.token, undefined, 'a token of its own making is not repeated');
  return token;
}

const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const ask = (faces: Faces, line: string, token: string, body?: unknown): Promise<Answer> =>
  faces.ask(line, { ...withToken(token), ...(body === undefined ? {} : { body }) });

test('an account is registered once, signs in by password, is listed, and ends with its sessions', async () => {
  await withFaces(
    async (faces) => {
      const body = { account: 'ann.of-accounts', password: PASSWORD };
      const headers = { 'idempotency-key': 'register-ann' };
      const made = await Promise.all([0, 1].map((at) => faces.ask('POST /account', { body, headers, at })));
      assert.deepEqual(
        made.map(({ status }) => status),
        [201, 201],
      );
      const other = await faces.ask('POST /account', { body });
      assert.deepEqual([other.status, other.body.code], [409, 'account.exists']);
      const wrong = await faces.ask('POST /session', { body: { ...body, password: `${PASSWORD}!` } });
      assert.equal(wrong.status, 401, JSON.stringify(wrong.body));
      const { body: session } = await faces.ask('POST /session', { body });
      assert.match(session.token, /^mpc_/);
      const found = await ask(faces, 'GET /account?pattern=ann*', session.token);
      assert.deepEqual(
        found.body.accounts.map(({ account }: { account: string }) => account),
        ['ann.of-accounts'],
      );
      assert.equal(
        (await faces.ask('GET /session', { ...withToken(session.token), at: 1 })).body.account,
        'ann.of-accounts',
      );
      assert.equal((await ask(faces, 'DELETE /session', session.token)).status, 204);
      assert.equal((await ask(faces, 'GET /session', session.token)).status, 401);
      const { body: again } = await faces.ask('POST /session', { body });
      assert.equal(
        (await ask(faces, 'DELETE /account', again.token, { proof: { password: PASSWORD } })).status,
        204,
      );
      assert.equal((await faces.ask('POST /session', { body })).status, 401);
    },
    { accounts: true, replicas: 2 },
  );
});

test("a party's name needs the party's key, and its account then acts for the party", async () => {
  await withFaces(
    async (faces) => {
      const taken = await faces.ask('POST /account', {
        body: { account: 'acme', keys: await keysOf('acme', createIdentity(systemRandom)) },
      });
      assert.equal(taken.status, 403, JSON.stringify(taken.body));
      const acme = await signedIn(faces, 'acme', identityOf('party-acme'));
      const analyst = await signedIn(faces, 'analyst', identityOf('party-analyst'));
      const created = await ask(faces, 'POST /collaboration', analyst, newCollaboration());
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const { id } = created.body.collaboration;
      const told = await ask(faces, `PUT /collaboration/${id}/register-input-party/acme`, acme);
      assert.equal(told.status, 200, JSON.stringify(told.body));
      assert.equal(
        (await ask(faces, `PUT /collaboration/${id}/register-input-party/acme`, acme)).status,
        200,
      );
      const seen = await ask(faces, `GET /collaboration/${id}`, analyst);
      assert.equal(seen.body.status, 'registering');
      assert.deepEqual(
        seen.body.inputParties.map(({ party, registered }: { party: string; registered: boolean }) => [
          party,
          registered,
        ]),
        [
          ['acme', true],
          ['beta', false],
        ],
      );
      const output = await ask(faces, `PUT /collaboration/${id}/register-output-party/analyst`, analyst, {
        notify: 'http://127.0.0.1:9/analyst',
      });
      assert.equal(output.status, 200, JSON.stringify(output.body));
      const notMine = await ask(faces, `PUT /collaboration/${id}/register-output-party/acme`, acme, {});
      assert.deepEqual([notMine.status, notMine.body.code], [403, 'collaboration.not-an-output-party']);
      const back = await ask(faces, `DELETE /collaboration/${id}/register-input-party/acme`, acme);
      assert.equal(back.status, 200, JSON.stringify(back.body));
      const stranger = await signedIn(faces, 'somebody', createIdentity(systemRandom));
      assert.equal((await ask(faces, 'POST /collaboration', stranger, newCollaboration())).status, 403);
      assert.equal((await ask(faces, `DELETE /collaboration/${id}`, stranger)).status, 403);
    },
    { accounts: true },
  );
});

test('a message is sent once, heard live, read by its recipient alone, and gone once acknowledged', async () => {
  await withFaces(
    async (faces) => {
      const [annsKey, bobsKey] = [createIdentity(systemRandom), createIdentity(systemRandom)];
      const ann = await signedIn(faces, 'ann', annsKey);
      const bob = await signedIn(faces, 'bob', bobsKey);
      const { keys } = (await ask(faces, 'GET /account/bob', ann)).body;
      const id = '7'.repeat(32);
      const said = { from: 'ann', to: ['bob'], id, sentMs: Date.now(), text: 'shall we?' };
      const sealed = sealMessage({ deployment: DEPLOYMENT, identity: annsKey, random: systemRandom }, said, {
        account: 'bob',
        keys,
      });
      const body = { ...sealed, id: idFor(id, 'bob'), to: 'bob' };
      const live = await EventReader.open(`${faces.url(1)}/message/events`, bob);
      for (const at of [0, 1, 0]) {
        const sent = await faces.ask('POST /message', { ...withToken(ann), body, at });
        assert.deepEqual([sent.status, sent.body], [202, { number: 1 }]);
      }
      const heard = await live.next();
      assert.deepEqual([heard.id, heard.event], ['1', 'message']);
      const opened = await openMessage(
        { deployment: DEPLOYMENT, account: 'bob', sealingKeys: [sealingKeyOf(bobsKey)] },
        heard.data,
        annsKey.publicKey,
      );
      assert.equal(opened.text, 'shall we?');
      await live.cut();
      assert.equal((await ask(faces, 'GET /message', bob)).body.items.length, 1);
      assert.equal((await ask(faces, 'PUT /message/acknowledged', bob, { number: 1 })).status, 204);
      assert.deepEqual((await ask(faces, 'GET /message', bob)).body.items, []);
      assert.equal((await ask(faces, 'GET /message', ann)).body.items.length, 0);
      const lost = await faces.ask('POST /message', {
        ...withToken(ann),
        body: { ...body, id: '8'.repeat(32), to: 'nobody' },
      });
      assert.equal(lost.status, 404, JSON.stringify(lost.body));
    },
    { accounts: true, replicas: 2 },
  );
});

test('patterns, proofs and keys of every wrong form are refused', async () => {
  await withFaces(
    async (faces) => {
      const ann = await signedIn(faces, 'ann', createIdentity(systemRandom));
      for (const body of [
        { account: 'Ann', password: PASSWORD },
        { account: 'аnn', password: PASSWORD },
        { account: 'coordinator', password: PASSWORD },
        { account: 'x'.repeat(65), password: PASSWORD },
        { account: 'bea', password: 'short' },
        { account: 'bea' },
        { account: 'bea', password: 7 },
        { account: 'bea', keys: {} },
      ])
        assert.equal((await faces.ask('POST /account', { body })).status, 400, JSON.stringify(body));
      assert.equal((await ask(faces, `GET /account?pattern=${'*a'.repeat(40)}`, ann)).status, 400);
      const literal = await ask(faces, 'GET /account?pattern=%28a%2B%29%2B', ann);
      assert.deepEqual(
        [literal.status, literal.body.accounts],
        [200, []],
        'a pattern is no regular expression',
      );
      assert.equal((await ask(faces, 'DELETE /account', ann, { proof: { password: PASSWORD } })).status, 401);
      assert.equal((await ask(faces, 'PUT /message/acknowledged', ann, { number: -1 })).status, 400);
    },
    { accounts: true },
  );
});
