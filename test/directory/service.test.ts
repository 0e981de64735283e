/** Accounts and messages through replicas of the coordinator on one log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { BOUNDS } from '../../src/directory/bounds.ts';
import type { Mail } from '../../src/directory/rows.ts';
import { signStatement } from '../../src/directory/statements.ts';
import { newToken } from '../../src/directory/token.ts';
import type { SignedIn } from '../../src/directory/views.ts';
import { DEPLOYMENT } from './played.ts';
import { type DirectoryReplica, Member, startDirectory } from './replicas.ts';

const refusedWith = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;

async function withReplicas(
  act: (one: DirectoryReplica, two: DirectoryReplica) => Promise<void>,
): Promise<void> {
  const hub = new MemoryHub({ seed: 1 });
  const replicas = [
    await startDirectory(hub.connect('coordinator')),
    await startDirectory(hub.connect('coordinator')),
  ] as const;
  try {
    await act(...replicas);
    const last = Math.max(...replicas.map(({ follower }) => follower.state.sequence));
    for (const { follower } of replicas) await follower.until(({ sequence }) => sequence >= last);
    assert.equal(stateDigest(replicas[0].follower.snapshot()), stateDigest(replicas[1].follower.snapshot()));
    assert.ok(last > 2, `${last} entries`);
  } finally {
    for (const replica of replicas) await replica.stop();
    await hub.close();
  }
}

/** Takes `count` mails that come to a place, then leaves. */
async function take(
  { directory }: DirectoryReplica,
  session: SignedIn,
  count: number,
  after = session.acknowledged,
): Promise<Mail[]> {
  const leave = new AbortController();
  const mails: Mail[] = [];
  const late = setTimeout(() => leave.abort(), 5_000);
  if (count === 0) leave.abort();
  for await (const mail of directory.subscribe(session, after, leave.signal)) {
    mails.push(mail);
    if (mails.length === count) leave.abort();
  }
  clearTimeout(late);
  return mails;
}

test('whoever registers at one replica signs in at the other, by password', () =>
  withReplicas(async (one, two) => {
    const id = newCommandId(systemRandom);
    const account = await one.directory.register({ account: 'ann', password: 'correct horse' }, id);
    assert.deepEqual(
      await two.directory.register({ account: 'ann', password: 'correct horse' }, id),
      account,
      'a retry',
    );
    await assert.rejects(
      two.directory.register({ account: 'ann', password: 'another one' }),
      refusedWith('account.exists'),
    );
    const token = newToken(systemRandom);
    const signedIn = await two.directory.login({ account: 'ann', password: 'correct horse', token });
    assert.equal(signedIn.token, token);
    const again = await one.directory.login({ account: 'ann', password: 'correct horse', token });
    assert.deepEqual(again, signedIn, 'a retry with the same token is the same session');
    assert.equal((await one.directory.authenticate(token)).account, 'ann');
    assert.equal((await one.directory.account('ann')).places, 1);
    await assert.rejects(
      one.directory.login({ account: 'ann', password: 'wrong horse!' }),
      refusedWith('account.wrong-password'),
    );
    await assert.rejects(
      one.directory.login({ account: 'nobody', password: 'wrong horse!' }),
      refusedWith('account.wrong-password'),
    );
    await one.directory.logout(signedIn);
    const ended = one.follower.state.sequence;
    await two.follower.until(({ sequence }) => sequence >= ended);
    await assert.rejects(two.directory.authenticate(token), refusedWith('session.unknown'));
    await assert.rejects(two.directory.authenticate('mpc_short'), refusedWith('session.malformed'));
  }));

test('guesses at a password are counted, however many replicas are asked at once, and the lock costs no entry', () =>
  withReplicas(async (one, two) => {
    await one.directory.register({ account: 'ann', password: 'correct horse' });
    await two.directory.account('ann');
    const guess = ({ directory }: DirectoryReplica) =>
      directory.login({ account: 'ann', password: 'battery staple' }).then(
        () => 'ok',
        (error: MpcError) => error.code,
      );
    const codes: string[] = [];
    for (let round = 0; round < 4; round++)
      codes.push(...(await Promise.all([guess(one), guess(one), guess(one), guess(two)])));
    const wrong = codes.filter((code) => code === 'account.wrong-password').length;
    assert.ok(wrong >= BOUNDS.failedLogins && wrong <= BOUNDS.failedLogins + 1, codes.join());
    assert.ok(codes.includes('account.locked'));
    const entries = one.follower.state.sequence;
    await assert.rejects(
      one.directory.login({ account: 'ann', password: 'correct horse' }),
      refusedWith('account.locked'),
    );
    assert.equal(one.follower.state.sequence, entries);
  }));

test('each place gets each message once and in order, whichever replica it hears, and new places what none has shown', () =>
  withReplicas(async (one, two) => {
    const [ann, bob] = [await Member.make('ann'), await Member.make('bob')];
    await Promise.all([ann.register(one), bob.register(two)]);
    const annsDesk = await ann.signIn(two);
    const [desk, phone] = await Promise.all([bob.signIn(one), bob.signIn(two)]);
    const hearing = [take(one, desk, 20), take(two, phone, 20)];
    const sent = [];
    for (let number = 1; number <= 20; number++)
      sent.push(ann.send(number % 2 ? one : two, annsDesk, bob, `message ${number}`));
    assert.deepEqual(
      (await Promise.all(sent)).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    for (const mails of await Promise.all(hearing)) {
      assert.deepEqual(
        mails.map(({ number }) => number),
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
      const texts = await Promise.all(mails.map((mail) => bob.read(mail, ann)));
      assert.equal(new Set(texts).size, 20);
      assert.ok(texts.every((text) => /^message \d+$/.test(text)));
    }
    await one.directory.acknowledge(desk, 15);
    await two.directory.acknowledge(phone, 5);
    const tablet = await bob.signIn(two);
    assert.deepEqual(
      (await take(two, tablet, 5)).map(({ number }) => number),
      [16, 17, 18, 19, 20],
    );
    assert.equal(two.directory.messages(phone, 0)[0]?.number, 6, 'what both have shown is gone');
  }));

test('a message is sent once, though it is told to two replicas at the same time and again later', () =>
  withReplicas(async (one, two) => {
    const [ann, bob] = [await Member.make('ann'), await Member.make('bob')];
    await Promise.all([ann.register(one), bob.register(two)]);
    const desk = await ann.signIn(one);
    await two.directory.authenticate(desk.token);
    const recipient = { to: 'bob', sealedTo: bob.person.sealing, sealed: 'x'.repeat(100) };
    const message = { id: newCommandId(systemRandom), ...recipient };
    const numbers = await Promise.all(
      [one, two, one, two].map(({ directory }) => directory.send(desk, message)),
    );
    numbers.push(await two.directory.send(desk, message));
    assert.deepEqual(new Set(numbers.map(({ number }) => number)), new Set([1]));
    assert.equal(two.directory.messages(await bob.signIn(two), 0).length, 1);
  }));

test('a place that is signed out, or whose account is deleted while it receives, hears no more', () =>
  withReplicas(async (one, two) => {
    const [ann, bob] = [await Member.make('ann'), await Member.make('bob')];
    await Promise.all([ann.register(one), bob.register(two)]);
    const annsDesk = await ann.signIn(one);
    const places = await Promise.all([bob.signIn(one), bob.signIn(two)]);
    const heard: Mail[][] = places.map(() => []);
    const never = new AbortController();
    const hearing = places.map(async (place, at) => {
      const { directory } = at === 0 ? one : two;
      for await (const mail of directory.subscribe(place, 0, never.signal)) heard[at]?.push(mail);
    });
    await ann.send(one, annsDesk, bob, 'first');
    await one.directory.logout(places[0]!);
    await hearing[0];
    await ann.send(one, annsDesk, bob, 'second');
    const sending = [1, 2, 3, 4].map((number) =>
      ann.send(one, annsDesk, bob, `while deleting ${number}`).catch(() => 'refused'),
    );
    const atMs = Date.now();
    const statement = { kind: 'delete', account: 'bob', session: places[1]!.session, atMs } as const;
    await two.directory.delete(places[1]!, {
      atMs,
      signature: signStatement(DEPLOYMENT, bob.person.identity, statement),
    });
    await hearing[1];
    const numbers = await Promise.all(sending);
    const taken = numbers.filter((number) => number !== 'refused').length;
    assert.ok(heard[0]!.length <= 1);
    assert.deepEqual(
      heard[1]!.map(({ number }) => number),
      heard[1]!.map((_, at) => at + 1),
    );
    const [notice] = await take(one, annsDesk, 1);
    assert.ok(notice?.kind === 'undelivered' && notice.account === 'bob');
    assert.equal(notice.count, 2 + taken, 'bob has acknowledged none of them');
    await assert.rejects(ann.send(two, annsDesk, bob, 'too late'), refusedWith('account.unknown'));
  }));

test('accounts are found by patterns, in pages', () =>
  withReplicas(async (one, two) => {
    for (const account of ['acme.eu', 'acme.us', 'beta', 'ann'])
      await one.directory.register({ account, password: 'correct horse' });
    await two.directory.account('ann');
    const names = (pattern: string, limit?: number, after?: string) => {
      const page = two.directory.list({
        pattern,
        ...(limit === undefined ? {} : { limit }),
        ...(after === undefined ? {} : { after }),
      });
      return [page.accounts.map(({ account }) => account), page.next];
    };
    assert.deepEqual(names('*'), [['acme.eu', 'acme.us', 'ann', 'beta'], undefined]);
    assert.deepEqual(names('acme.*'), [['acme.eu', 'acme.us'], undefined]);
    assert.deepEqual(names('???'), [['ann'], undefined]);
    assert.deepEqual(names('*', 2), [['acme.eu', 'acme.us'], 'acme.us']);
    assert.deepEqual(names('*', 2, 'acme.us'), [['ann', 'beta'], undefined]);
  }));
