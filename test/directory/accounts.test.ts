/** Accounts and sessions as the log decides them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { BOUNDS } from '../../src/directory/bounds.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import {
  acmeParty,
  codeOf,
  coordinator,
  DEPLOYMENT,
  digestOf,
  HASH,
  Played,
  person,
  trust,
} from './played.ts';

const registered = (account: string, password: string | null = HASH) =>
  ({ kind: 'registerAccount', account, password, keys: null }) as const;

test('a name is registered once, and needs a way in', () => {
  const log = new Played();
  assert.equal(codeOf(log.own(registered('ann'))), 'ok');
  assert.equal(codeOf(log.own(registered('ann'))), 'account.exists');
  assert.equal(codeOf(log.own(registered('ben', null))), 'account.no-way-in');
  for (const name of ['coordinator', 'dealer', 'server-a', 'party-acme'])
    assert.equal(codeOf(log.own(registered(name))), 'name.reserved', name);
  for (const name of ['Ann', 'ann ', '', 'аnn', 'a'.repeat(65)])
    assert.equal(codeOf(log.own(registered(name))), 'command.malformed', name);
});

test('a command told twice counts once, and gives the first answer', () => {
  const log = new Played();
  const id = newCommandId(systemRandom);
  const first = log.own(registered('ann'), id);
  assert.deepEqual(log.own(registered('ann'), id), first);
  assert.equal(log.records.accounts.size, 1);
});

test("only a party's key registers the party's name, whatever else is signed", async () => {
  const log = new Played();
  const stranger = await person('acme');
  const nowMs = log.timeMs;
  assert.equal(codeOf(log.own(registered('acme'))), 'account.bad-proof');
  assert.equal(codeOf(log.member(stranger)), 'account.bad-proof');
  const { identity, sealing } = stranger;
  const said = { deployment: DEPLOYMENT, account: 'acme', identity, sealing, nowMs };
  const wrong = sayKeys({ ...said, party: createIdentity(systemRandom) });
  assert.equal(
    codeOf(log.own({ kind: 'registerAccount', account: 'acme', password: null, keys: wrong })),
    'account.bad-proof',
  );
  const other = sayKeys({ ...said, account: 'ann', party: acmeParty });
  assert.equal(
    codeOf(log.own({ kind: 'registerAccount', account: 'acme', password: null, keys: other })),
    'account.bad-proof',
  );
  const right = sayKeys({ ...said, party: acmeParty });
  assert.equal(
    codeOf(log.own({ kind: 'registerAccount', account: 'acme', password: null, keys: right })),
    'ok',
  );
  assert.equal(log.records.accounts.get('acme')?.party, true);
  const own = new Played();
  assert.equal(codeOf(own.member(await person('acme', acmeParty))), 'ok');
});

test('an account that had the name before the party was enrolled does not speak for it, and the party claims the name', async () => {
  const log = new Played({ coordinator: coordinator.publicKey });
  const [stranger, ann] = [await person('acme'), await person('ann')];
  assert.equal(codeOf(log.member(stranger)), 'ok');
  log.member(ann);
  log.send(ann, stranger);
  log.enrol(trust);
  const touch = { kind: 'acknowledge', session: digestOf('acme'), number: 0 } as const;
  assert.equal(codeOf(log.as('acme', 'acme', touch)), 'session.ended');
  assert.equal(codeOf(log.member(stranger)), 'account.bad-proof');
  const party = await person('acme', acmeParty);
  assert.equal(codeOf(log.member(party)), 'ok');
  assert.equal(codeOf(log.as('acme', 'acme', touch)), 'ok');
  assert.deepEqual(log.kept(party), [], 'it has none of the mail');
  assert.deepEqual(log.kept(ann), [1], 'ann is told that hers was not delivered');
  assert.equal(codeOf(log.member(party)), 'account.exists');
});

test('keys are registered by their holder, in time', async () => {
  const log = new Played();
  const { identity, sealing } = await person('ann');
  const keys = sayKeys({ deployment: DEPLOYMENT, account: 'ann', identity, sealing, nowMs: log.timeMs });
  const say = (changed: typeof keys) =>
    codeOf(log.own({ kind: 'registerAccount', account: 'ann', password: null, keys: changed }));
  assert.equal(say({ ...keys, signing: createIdentity(systemRandom).publicKey }), 'account.bad-proof');
  assert.equal(say({ ...keys, sealing: 'A'.repeat(43) }), 'account.bad-proof');
  assert.equal(say({ ...keys, atMs: keys.atMs + 1 }), 'account.bad-proof');
  log.timeMs += BOUNDS.statementMs + 1000;
  assert.equal(say(keys), 'account.bad-proof');
  assert.equal(log.records.accounts.size, 0);
});

test('a session is opened by the right evidence alone, and never twice by the same statement', async () => {
  const log = new Played();
  const ann = await person('ann');
  const eve = await person('eve');
  log.member(ann);
  const evidence = log.evidence('session', 'ann', ann.identity, 'office');
  const open = (place: string, changed: object = {}) =>
    codeOf(
      log.own({
        kind: 'openSession',
        account: 'ann',
        session: digestOf(place),
        lifetimeMs: 60_000,
        evidence: { ...evidence, ...changed },
      }),
    );
  assert.equal(open('elsewhere'), 'account.bad-proof');
  assert.equal(open('office', log.evidence('session', 'ann', eve.identity, 'office')), 'account.bad-proof');
  assert.equal(open('office', log.evidence('delete', 'ann', ann.identity, 'office')), 'account.bad-proof');
  assert.equal(open('office'), 'ok');
  assert.equal(open('office'), 'ok', 'it is open already');
  assert.equal(codeOf(log.as('ann', 'office', { kind: 'closeSession', session: digestOf('office') })), 'ok');
  assert.equal(open('office'), 'session.unknown', 'it has been closed');
});

test('a password that was checked counts for that password, for an account that has one', async () => {
  const log = new Played();
  const open = (account: string, passwordNumber: number) =>
    codeOf(
      log.own({
        kind: 'openSession',
        account,
        session: digestOf(`${account} ${passwordNumber} ${log.timeMs}`),
        lifetimeMs: 60_000,
        evidence: { by: 'password', passwordNumber },
      }),
    );
  log.own(registered('ann'));
  log.member(await person('bob'));
  assert.equal(open('bob', 1), 'account.wrong-password');
  assert.equal(open('nobody', 1), 'account.unknown');
  log.own({
    kind: 'openSession',
    account: 'ann',
    session: digestOf('home'),
    lifetimeMs: 60_000,
    evidence: { by: 'password', passwordNumber: 1 },
  });
  const changed = log.as('ann', 'home', {
    kind: 'changeAccount',
    session: digestOf('home'),
    password: HASH,
    evidence: { by: 'password', passwordNumber: 1 },
  });
  assert.equal(codeOf(changed), 'ok');
  assert.equal(open('ann', 1), 'account.wrong-password');
  assert.equal(open('ann', 2), 'ok');
});

test('a new password or key signs out all other places', async () => {
  const log = new Played();
  const ann = await person('ann');
  log.member(ann);
  log.signIn(ann, 'home');
  const next = await person('ann');
  const keys = sayKeys({ deployment: DEPLOYMENT, account: 'ann', ...next, nowMs: log.timeMs });
  const change = (place: string, signer = ann) =>
    codeOf(
      log.as('ann', place, {
        kind: 'changeAccount',
        session: digestOf(place),
        keys,
        evidence: log.evidence('change', 'ann', signer.identity, place),
      }),
    );
  assert.equal(change('home', next), 'account.bad-proof', 'the new key does not speak for the account yet');
  assert.equal(change('home'), 'ok');
  assert.deepEqual(log.records.accounts.get('ann')?.sessions, [digestOf('home')]);
  assert.equal(
    codeOf(log.as('ann', 'ann', { kind: 'acknowledge', session: digestOf('ann'), number: 0 })),
    'session.ended',
  );
  assert.equal(codeOf(log.signIn(ann, 'late')), 'account.bad-proof', 'the old key is out');
  assert.equal(codeOf(log.signIn(next, 'new')), 'ok');
});

test('the tenth wrong password within a minute locks an account for a minute; its key opens it all the same', async () => {
  const log = new Played();
  const ann = await person('ann');
  const keys = sayKeys({ deployment: DEPLOYMENT, account: 'ann', ...ann, nowMs: log.timeMs });
  log.own({ kind: 'registerAccount', account: 'ann', password: HASH, keys });
  const byPassword = () =>
    codeOf(
      log.own({
        kind: 'openSession',
        account: 'ann',
        session: digestOf(`${log.timeMs}`),
        lifetimeMs: 60_000,
        evidence: { by: 'password', passwordNumber: 1 },
      }),
    );
  const fail = () => log.own({ kind: 'failLogin', account: 'ann' });
  for (let count = 1; count < BOUNDS.failedLogins; count++) fail();
  log.timeMs += BOUNDS.failuresWithinMs;
  fail();
  assert.equal(byPassword(), 'ok', 'they were too far apart');
  for (let count = 1; count < BOUNDS.failedLogins; count++) fail();
  assert.equal(byPassword(), 'ok', 'nine are not ten, and the right password ends the count');
  for (let count = 1; count <= BOUNDS.failedLogins; count++) fail();
  assert.equal(byPassword(), 'account.locked');
  assert.equal(codeOf(log.signIn(ann, 'office')), 'ok');
  const lockedUntilMs = log.records.accounts.get('ann')?.lockedUntilMs ?? 0;
  fail();
  assert.equal(
    log.records.accounts.get('ann')?.lockedUntilMs,
    lockedUntilMs,
    'nobody can keep it locked for longer',
  );
  log.timeMs += BOUNDS.lockedMs;
  assert.equal(byPassword(), 'ok');
});

test('a session ends by its time, and by being one too many', async () => {
  const log = new Played();
  const ann = await person('ann');
  log.member(ann);
  log.signIn(ann, 'short', 60_000);
  const touch = (place: string) =>
    codeOf(log.as('ann', place, { kind: 'acknowledge', session: digestOf(place), number: 0 }));
  assert.equal(touch('short'), 'ok');
  assert.equal(
    codeOf(log.as('ann', 'short', { kind: 'renewSession', session: digestOf('short'), lifetimeMs: 120_000 })),
    'ok',
  );
  log.timeMs += 90_000;
  assert.equal(touch('short'), 'ok');
  log.timeMs += 60_000;
  assert.equal(touch('short'), 'session.ended');
  for (let place = 0; place < BOUNDS.sessionsPerAccount; place++) log.signIn(ann, `place ${place}`);
  assert.equal(log.records.accounts.get('ann')?.sessions.length, BOUNDS.sessionsPerAccount);
  assert.equal(log.records.sessions.size, BOUNDS.sessionsPerAccount, 'nothing is left of those that ended');
  assert.equal(touch('ann'), 'session.ended', 'the one silent for longest has made room');
});

test("nobody acts for another: neither with another's session, nor in a session of another", async () => {
  const log = new Played();
  log.member(await person('ann'));
  log.member(await person('eve'));
  const close = { kind: 'closeSession', session: digestOf('ann') } as const;
  assert.equal(codeOf(log.as('ann', 'eve', close)), 'session.ended');
  assert.equal(codeOf(log.as('eve', 'eve', close)), 'command.not-allowed');
  assert.equal(codeOf(log.as('eve', 'eve', registered('ivo'))), 'command.not-vouchable');
  assert.equal(log.records.sessions.size, 2);
});

test('registrations are slowed down, not stopped', () => {
  const log = new Played();
  let refused = 0;
  for (let number = 0; number < BOUNDS.registrationsAtOnce + 50; number++)
    if (codeOf(log.own(registered(`n${number}`))) === 'account.too-fast') refused++;
  assert.ok(refused > 20, `${refused} were refused`);
  log.timeMs += 1000;
  assert.equal(codeOf(log.own(registered('later'))), 'ok');
});
