/**
 * What every way to the coordinators does alike: the same story, the same refusals, the same limits. Run for each of them, with two
 * real replicas behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, type ExitCode, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { BOUNDS } from '../../src/directory/bounds.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { idFor, sealMessage } from '../../src/directory/message.ts';
import type { Mail } from '../../src/directory/rows.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import { DEPLOYMENT } from '../coordination/world.ts';
import { type Person, person } from './played.ts';

/** What the tests need of the replicas beside asking them. */
export interface Behind {
  readonly calls: DirectoryCalls;
  /** As that party, whose enrolled key the tests have: a collaboration of acme, beta and the analyst. Its id. */
  readonly collaboration: (token: string) => Promise<string>;
  /** The party's account. */
  readonly analyst: Person;
}

export type WithCalls = (
  act: (behind: Behind) => Promise<void>,
  limits?: { readonly requestsPerMinute: number },
) => Promise<void>;

const PASSWORD = 'correct horse';
const NEVER = new AbortController().signal;

const isRefusal = (code: string, exitCode?: ExitCode) => (error: unknown) => {
  assert.ok(error instanceof MpcError, String(error));
  assert.equal(error.code, code);
  if (exitCode !== undefined) assert.equal(error.exitCode, exitCode, code);
  return true;
};

function prove(kind: 'session' | 'change' | 'delete', { name, identity }: Person, token: string) {
  const atMs = Date.now();
  const session = tokenDigest(token);
  return { atMs, signature: signStatement(DEPLOYMENT, identity, { kind, account: name, session, atMs }) };
}

async function enter(calls: DirectoryCalls, who: Person): Promise<string> {
  const token = newToken(systemRandom);
  await calls.login({ account: who.name, session: tokenDigest(token), ...prove('session', who, token) });
  return token;
}

async function register(calls: DirectoryCalls, who: Person): Promise<string> {
  const keys = sayKeys({ deployment: DEPLOYMENT, account: who.name, ...who, nowMs: Date.now() });
  await calls.register({ account: who.name, keys }, newCommandId(systemRandom));
  return enter(calls, who);
}

function write(from: Person, to: Person, text: string) {
  const id = newCommandId(systemRandom);
  const keys = { signing: to.identity.publicKey, sealing: to.sealing };
  const sealed = sealMessage(
    { deployment: DEPLOYMENT, identity: from.identity, random: systemRandom },
    { from: from.name, to: [to.name], id, sentMs: 1, text },
    { account: to.name, keys },
  );
  return { id: idFor(id, to.name), to: to.name, ...sealed };
}

/** The first `count` of what comes. */
async function take(calls: DirectoryCalls, token: string, count: number, after = 0): Promise<Mail[]> {
  const mails: Mail[] = [];
  for await (const mail of calls.follow(token, after, NEVER, () => {})) {
    mails.push(mail);
    if (mails.length === count) break;
  }
  return mails;
}

export function callsContract(name: string, withCalls: WithCalls): void {
  test(`${name}: an account lives its whole life`, () =>
    withCalls(async ({ calls }) => {
      const ann = await person('ann');
      const keys = sayKeys({ deployment: DEPLOYMENT, account: 'ann', ...ann, nowMs: Date.now() });
      const id = newCommandId(systemRandom);
      const made = await calls.register({ account: 'ann', password: PASSWORD, keys }, id);
      assert.deepEqual(
        await calls.register({ account: 'ann', password: PASSWORD, keys }, id),
        made,
        'a retry',
      );
      const opened = await calls.login({ account: 'ann', password: PASSWORD });
      assert.match(opened.token ?? '', /^mpc_/);
      const token = newToken(systemRandom);
      const byKey = await calls.login({
        account: 'ann',
        session: tokenDigest(token),
        ...prove('session', ann, token),
      });
      assert.deepEqual(Object.keys(byKey).sort(), ['account', 'acknowledged', 'expiresMs']);
      assert.ok((await calls.renew(token, 3600_000)).expiresMs > Date.now());
      const { accounts, next } = await calls.list(token, { pattern: 'a*', limit: 5 });
      assert.deepEqual([accounts.map(({ account }) => account), next], [['ann'], undefined]);
      assert.deepEqual(await calls.account(token, 'ann'), { ...made, places: 2 });
      const note = write(ann, ann, 'a note to myself');
      assert.deepEqual(await calls.send(token, note), { number: 1 });
      assert.deepEqual(await calls.send(token, note), { number: 1 }, 'a retry');
      const leave = new AbortController();
      let opens = 0;
      const heard: Mail[] = [];
      const hearing = (async () => {
        for await (const mail of calls.follow(token, 0, leave.signal, () => opens++)) {
          heard.push(mail);
          if (heard.length === 2) leave.abort(new Error('enough'));
        }
      })();
      await calls.send(token, write(ann, ann, 'another one'));
      await assert.rejects(hearing, /enough/);
      assert.deepEqual([heard.map(({ number }) => number), opens], [[1, 2], 1]);
      await calls.acknowledge(token, 2);
      await calls.change(token, { password: 'another horse' }, { password: PASSWORD });
      await assert.rejects(calls.renew(opened.token ?? '', 3600_000), isRefusal('session.none'));
      await calls.delete(token, prove('delete', ann, token));
      await assert.rejects(calls.logout(token), isRefusal('session.none', EXIT.noPermission));
    }));

  test(`${name}: what is refused has the same code and the same exit code`, () =>
    withCalls(async ({ calls }) => {
      const [ann, bob] = [await person('ann'), await person('bob')];
      const token = await register(calls, ann);
      const bobs = await register(calls, bob);
      const refused = (act: Promise<unknown>, code: string, exitCode: ExitCode) =>
        assert.rejects(act, isRefusal(code, exitCode), code);
      const id = newCommandId(systemRandom);
      await refused(
        calls.register({ account: 'No', password: PASSWORD }, id),
        'request.malformed',
        EXIT.badData,
      );
      await refused(
        calls.register({ account: 'cyd', password: 'short' }, id),
        'password.too-short',
        EXIT.badData,
      );
      await refused(calls.register({ account: 'cyd' }, id), 'account.no-way-in', EXIT.badData);
      await refused(calls.account(token, 'nobody'), 'account.unknown', EXIT.noInput);
      await refused(calls.account('mpc_short', 'ann'), 'session.none', EXIT.noPermission);
      await refused(calls.account(newToken(systemRandom), 'ann'), 'session.none', EXIT.noPermission);
      await refused(
        calls.login({ account: 'ann', password: 'wrong horse!' }),
        'account.wrong-password',
        EXIT.noPermission,
      );
      const proof = prove('session', bob, token);
      await refused(
        calls.login({ account: 'ann', session: tokenDigest(token), ...proof }),
        'account.bad-proof',
        EXIT.noPermission,
      );
      await refused(calls.list(token, { pattern: '*'.repeat(65) }), 'request.malformed', EXIT.badData);
      const message = write(ann, bob, 'hello');
      await refused(
        calls.send(token, { ...message, sealedTo: ann.sealing }),
        'message.other-key',
        EXIT.temporary,
      );
      await refused(calls.participants(token, '0'.repeat(20)), 'collaboration.unknown', EXIT.noInput);
      await refused(
        calls.delete(bobs, { password: 'wrong horse!' }),
        'account.wrong-password',
        EXIT.noPermission,
      );
      const followed = calls.follow(newToken(systemRandom), 0, NEVER, () => assert.fail('it opens'));
      await refused(followed[Symbol.asyncIterator]().next(), 'session.none', EXIT.noPermission);
    }));

  test(`${name}: more than fits on the way comes whole and in order, to every place`, () =>
    withCalls(async ({ calls }) => {
      const [ann, bob] = [await person('ann'), await person('bob')];
      const token = await register(calls, ann);
      const places = [await register(calls, bob), await enter(calls, bob)];
      const hearing = places.map((place) => take(calls, place, 40));
      const text = 'x'.repeat(BOUNDS.textBytes);
      for (let count = 0; count < 40; count++) await calls.send(token, write(ann, bob, text));
      for (const mails of await Promise.all(hearing))
        assert.deepEqual(
          mails.map(({ number }) => number),
          Array.from({ length: 40 }, (_, at) => at + 1),
        );
      const later = await take(calls, places[0]!, 10, 30);
      assert.deepEqual([later[0]?.number, later.at(-1)?.number], [31, 40]);
    }));

  test(`${name}: a place that signs out, or whose account is deleted while it receives, hears no more`, () =>
    withCalls(async ({ calls }) => {
      const [ann, bob] = [await person('ann'), await person('bob')];
      const token = await register(calls, ann);
      const places = [await register(calls, bob), await enter(calls, bob)];
      const heard: number[][] = [[], []];
      const opened: Promise<void>[] = [];
      const hearing = places.map(async (place, at) => {
        let isOpen = (): void => {};
        opened.push(new Promise((resolve) => (isOpen = resolve)));
        for await (const { number } of calls.follow(place, 0, NEVER, isOpen)) heard[at]?.push(number);
      });
      await Promise.all(opened);
      await calls.logout(places[0]!);
      await hearing[0];
      assert.deepEqual(await calls.send(token, write(ann, bob, 'first')), { number: 1 });
      await calls.delete(places[1]!, prove('delete', bob, places[1]!));
      await hearing[1];
      assert.deepEqual([heard[0], (heard[1] ?? []).every((number) => number === 1)], [[], true]);
      const [notice] = await take(calls, token, 1);
      assert.ok(notice?.kind === 'undelivered' && notice.account === 'bob' && notice.count === 1);
    }));

  test(`${name}: no account holds more streams than its share`, () =>
    withCalls(async ({ calls }) => {
      const ann = await person('ann');
      const token = await register(calls, ann);
      const leave = new AbortController();
      const opened = Array.from(
        { length: 32 },
        () =>
          new Promise<void>((resolve, reject) => {
            const stream = calls.follow(token, 0, leave.signal, resolve);
            stream[Symbol.asyncIterator]().next().catch(reject);
          }),
      );
      await Promise.all(opened);
      const more = calls.follow(token, 0, leave.signal, () => assert.fail('one too many'));
      await assert.rejects(more[Symbol.asyncIterator]().next(), isRefusal('events.too-many', EXIT.temporary));
      leave.abort(new Error('left'));
    }));

  test(`${name}: whoever asks faster than a configuration allows is told to wait`, () =>
    withCalls(
      async ({ calls }) => {
        const token = await register(calls, await person('ann'));
        const ask = async (): Promise<void> => {
          for (let count = 0; count < 50; count++) await calls.list(token, {});
        };
        await assert.rejects(ask(), isRefusal('request.too-fast', EXIT.temporary));
      },
      { requestsPerMinute: 10 },
    ));

  test(`${name}: who takes part in a collaboration is read from its descriptor`, () =>
    withCalls(async ({ calls, collaboration, analyst }) => {
      const token = await register(calls, analyst);
      const id = await collaboration(token);
      assert.deepEqual(await calls.participants(token, id), ['acme', 'analyst', 'beta']);
    }));
}
