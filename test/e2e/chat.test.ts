/** `mpc account` and `mpc chat` as people use them, against replicas of the coordinator that are killed meanwhile. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Coordinators } from '../support/coordinators.ts';
import { mpc } from '../support/mpc.ts';

async function withCoordinators(
  count: number,
  act: (coordinators: Coordinators) => Promise<void>,
  parties: readonly string[] = [],
): Promise<void> {
  const coordinators = await Coordinators.start(count, parties);
  try {
    await act(coordinators);
  } finally {
    await coordinators.stop();
  }
}

async function ok(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const { code, stdout, stderr } = await mpc(args, env);
  assert.equal(code, 0, `mpc ${args.join(' ')}: ${stderr}`);
  return stdout;
}

test('two people register and write to each other; each place shows each message once while replicas are killed', () =>
  withCoordinators(2, async (coordinators) => {
    const [ann, bob] = [coordinators.machine('ann'), coordinators.machine('bob')];
    await Promise.all([ok(['account', 'register', 'ann'], ann), ok(['account', 'register', 'bob'], bob)]);
    assert.match(await ok(['account', 'list', 'b*'], ann), /^bob +away/m);
    const [annsDesk, bobsDesk] = [coordinators.talk(['chat'], ann), coordinators.talk(['chat'], bob)];
    await Promise.all([annsDesk.line(/connected/), bobsDesk.line(/connected/)]);
    const bobsPhone = coordinators.talk(['chat', '--no-history'], bob);
    await bobsPhone.line(/connected/);
    for (let number = 0; number < 12; number++) {
      annsDesk.write(`\\send message ${number} -> bob`);
      if (number === 4) {
        await annsDesk.line(/stored for bob/);
        await coordinators.kill(0);
      }
      if (number === 8) {
        coordinators.startOne(0);
        await coordinators.ready(0);
        await coordinators.kill(1);
      }
    }
    for (const place of [bobsDesk, bobsPhone]) {
      await place.line(/message 11/);
      const shown = place.lines.flatMap((line) => /^\d\d:\d\d ann: (message \d+)$/.exec(line)?.[1] ?? []);
      assert.deepEqual(
        shown,
        Array.from({ length: 12 }, (_, number) => `message ${number}`),
      );
    }
    bobsDesk.write('\\send read it all -> ann');
    await annsDesk.line(/bob: read it all/);
    annsDesk.write('\\list');
    await annsDesk.line(/^\* bob/);
    assert.equal(await bobsPhone.end('SIGINT'), 0, bobsPhone.errors);
    assert.equal(await bobsDesk.end('SIGTERM'), 0, bobsDesk.errors);
    assert.match(await ok(['account', 'list', 'bob'], ann), /^bob +away/m, 'both places have signed out');
    annsDesk.write('\\send while you are away -> bob');
    await annsDesk.line(/stored for bob/, annsDesk.lines.length - 1);
    const later = coordinators.talk(['chat'], bob);
    await later.line(/while you are away/);
    assert.ok(!later.lines.some((line) => /message \d/.test(line)), 'nothing old comes again');
    later.write('\\delete');
    later.write('yes');
    assert.equal(await later.ended, 0, later.errors);
    annsDesk.write('\\send hello? -> bob');
    await annsDesk.line(/no account bob/);
    annsDesk.write('\\quit');
    assert.equal(await annsDesk.ended, 0, annsDesk.errors);
  }));

test('everything killed at once and started again: accounts, sessions and undelivered messages are there, and nothing is told twice', () =>
  withCoordinators(2, async (coordinators) => {
    const [ann, bob] = [coordinators.machine('ann'), coordinators.machine('bob')];
    await Promise.all([ok(['account', 'register', 'ann'], ann), ok(['account', 'register', 'bob'], bob)]);
    const [annsDesk, bobsDesk] = [coordinators.talk(['chat'], ann), coordinators.talk(['chat'], bob)];
    await Promise.all([annsDesk.line(/connected/), bobsDesk.line(/connected/)]);
    annsDesk.write('\\send before -> bob');
    await bobsDesk.line(/ann: before/);
    await bobsDesk.kill();
    annsDesk.write('\\send kept -> bob');
    await annsDesk.line(/stored for bob/, annsDesk.lines.length);
    await coordinators.killAll();
    annsDesk.write('\\send while nobody answers -> bob');
    await coordinators.restartAll();
    const later = coordinators.talk(['chat'], bob);
    await later.line(/ann: while nobody answers/);
    assert.deepEqual(
      later.lines.flatMap((line) => /ann: (.*)$/.exec(line)?.[1] ?? []),
      ['kept', 'while nobody answers'],
    );
    later.write('\\send back again -> ann');
    await annsDesk.line(/bob: back again/);
  }));

test('no password, token or text is anywhere but with those who have it, and their files are their own', () =>
  withCoordinators(1, async (coordinators) => {
    const [ann, bob] = [coordinators.machine('ann'), coordinators.machine('bob')];
    const password = 'correct horse canary staple';
    const file = join(coordinators.directory, 'home-password');
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    await ok(['account', 'register', 'ann', '--password-file', file], ann);
    await ok(['account', 'register', 'bob'], bob);
    await ok(['account', 'login', '--password-file', file], ann);
    const token = (await ok(['account', 'token'], ann)).trim();
    assert.match(token, /^mpc_[\w-]{43}$/);
    const wrong = join(coordinators.directory, 'home-wrong');
    writeFileSync(wrong, 'wrong canary guess\n');
    const refused = await mpc(['account', 'login', '--password-file', wrong], ann);
    assert.equal(refused.code, 77, refused.stderr);
    const annsDesk = coordinators.talk(['chat'], ann);
    await annsDesk.line(/connected/);
    annsDesk.write('\\send a canary text -> bob');
    await annsDesk.line(/stored for bob/);
    assert.equal(await annsDesk.end('SIGINT'), 0, annsDesk.errors);
    const secrets = [password, 'wrong canary guess', token, 'canary text'];
    const files = coordinators.files();
    assert.ok(
      files.some(({ path }) => path.startsWith('state/')) && files.some(({ path }) => path.endsWith('.blk')),
    );
    for (const { path, bytes, mode } of files) {
      if (path.startsWith('home-')) continue;
      if (path.startsWith('home/')) assert.equal(mode & 0o077, 0, `${path} can be read by others`);
      for (const secret of secrets) {
        const theirs = path.startsWith('home/ann/') && (secret === token || secret === 'canary text');
        if (!theirs) assert.ok(!bytes.includes(secret), `${path} holds ${secret}`);
      }
    }
    assert.ok(files.some(({ bytes, path }) => path.endsWith('session.json') && bytes.includes(token)));
    assert.ok(!`${refused.stderr}${refused.stdout}`.includes('canary'));
  }));

test("a party's name goes to who has the party's key, and bad use is refused with what to do", () =>
  withCoordinators(
    1,
    async (coordinators) => {
      const mine = coordinators.machine('mine');
      const refused = async (args: readonly string[], code: string, env = mine) => {
        const ended = await mpc(args, env);
        assert.notEqual(ended.code, 0);
        assert.match(ended.stderr, new RegExp(`\\[${code.replace('.', '\\.')}\\]`), ended.stderr);
      };
      await refused(['account', 'register', 'acme'], 'account.bad-proof');
      await refused(['account', 'register', 'Acme'], 'name.invalid');
      await refused(['account', 'register', 'аcme'], 'name.invalid');
      await refused(['account', 'register', 'x', '--coordinator', 'http://example.com'], 'usage.insecure');
      await refused(['account', 'list'], 'account.none');
      await refused(['account', 'list'], 'usage.coordinator', { MPC_HOME: mine.MPC_HOME ?? '' }).catch(
        () => {},
      );
      const printed = await ok(
        ['account', 'register', 'acme', '--key', coordinators.keyOf('party-acme'), '--json'],
        mine,
      );
      assert.equal((JSON.parse(printed) as { party: boolean }).party, true);
      await ok(['account', 'register', 'ann'], coordinators.machine('ann'));
      assert.match(await ok(['account', 'show', 'ann'], mine), /has not been seen here before/);
      await refused(
        ['account', 'trust', 'ann', '--fingerprint', 'aaaa-bbbb-cccc-dddd-eeee'],
        'account.fingerprint',
      );
      const { keys } = JSON.parse(await ok(['account', 'show', 'ann', '--json'], mine)) as {
        keys: { signing: string };
      };
      assert.match(keys.signing, /^U/);
      const deleted = await mpc(['account', 'delete', '--yes'], mine);
      assert.equal(deleted.code, 0, deleted.stderr);
      await refused(['account', 'list'], 'account.bad-proof|account.unknown');
    },
    ['acme'],
  ));
