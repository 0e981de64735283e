/** What a machine keeps of its user's accounts: files of its owner's alone, whole or not at all. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { coordinatorUrls } from '../../bin/local/directory.ts';
import { makeHome, openHome } from '../../bin/local/home.ts';
import { MpcError } from '../../src/base/errors.ts';
import { History, type HistoryEntry } from '../../src/directory/client/history.ts';
import { Pins } from '../../src/directory/client/pins.ts';
import { person } from './played.ts';

const refusedWith = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;

async function inHome(act: (home: string) => Promise<void> | void): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'mpc-home-'));
  try {
    await act(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const profile = (account: string) => ({
  account,
  deployment: 'local',
  coordinators: ['https://one.example'],
  key: null,
  earlierKeys: [],
});

test('everything is kept in files of mode 600, and read back as it was', () =>
  inHome(async (home) => {
    const before = process.umask(0);
    try {
      const account = makeHome({ home }, 'ann');
      account.saveProfile(profile('ann'));
      account.saveSession({ token: 'mpc_x', expiresMs: 7 });
      account.saveSession({ token: 'mpc_y', expiresMs: 8 });
      const { identity, sealing } = await person('bob');
      const view = {
        account: 'bob',
        born: 3,
        createdMs: 1,
        party: false,
        keys: { signing: identity.publicKey, sealing },
        places: 0,
      };
      new Pins(account.pins).see(view, 1);
      const entry: HistoryEntry = {
        direction: 'in',
        number: 4,
        born: 3,
        id: 'x',
        from: 'bob',
        to: ['ann'],
        atMs: 1,
        text: 'hello',
      } as const;
      new History(account.history).add(entry);
      const again = openHome({ home });
      assert.deepEqual(again.profile, { version: 1, ...profile('ann') });
      assert.equal(again.session?.token, 'mpc_y');
      assert.deepEqual(new Pins(again.pins).keysOf('bob'), view.keys);
      const history = new History(again.history);
      assert.deepEqual(
        [history.lastNumber(3), history.wasShown('bob', 'x'), history.wasShown('eve', 'x')],
        [4, true, false],
      );
      const files = readdirSync(again.directory);
      assert.deepEqual(files.sort(), ['account.json', 'history.ndjson', 'pins.json', 'session.json']);
      for (const name of files) assert.equal(statSync(join(again.directory, name)).mode & 0o777, 0o600, name);
      assert.equal(statSync(again.directory).mode & 0o777, 0o700);
      again.forgetSession();
      assert.equal(openHome({ home }).session, undefined);
    } finally {
      process.umask(before);
    }
  }));

test('a file that others may read, or that is damaged, is refused with what to do', () =>
  inHome((home) => {
    const account = makeHome({ home }, 'ann');
    account.saveProfile(profile('ann'));
    account.saveSession({ token: 'mpc_x', expiresMs: 7 });
    chmodSync(join(account.directory, 'session.json'), 0o644);
    assert.throws(() => account.session, refusedWith('home.open-to-others'));
    for (const [name, read, code] of [
      ['session.json', () => account.session, 'home.damaged'],
      ['account.json', () => account.profile, 'home.damaged'],
      ['pins.json', () => new Pins(account.pins), 'pins.damaged'],
    ] as const) {
      writeFileSync(join(account.directory, name), '{"version":1,', { mode: 0o600 });
      chmodSync(join(account.directory, name), 0o600);
      assert.throws(read, refusedWith(code), name);
    }
  }));

test('two programs of one user write at once, and what is there is always whole', () =>
  inHome(async (home) => {
    const account = makeHome({ home }, 'ann');
    const program = (token: string): string => `
      import { makeHome } from '${new URL('../../bin/local/home.ts', import.meta.url).href}';
      const account = makeHome({ home: '${home}' }, 'ann');
      for (let count = 0; count < 300; count++) account.saveSession({ token: '${token}'.repeat(2000), expiresMs: 1 });
    `;
    const run = promisify(execFile);
    const writing = ['x', 'y', 'z'].map((token) =>
      run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program(token)]),
    );
    let isOver = false;
    const over = Promise.all(writing).finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    while (!isOver) {
      const token = account.session?.token ?? '';
      assert.match(token, /^(x*|y*|z*)$/);
      await new Promise(setImmediate);
    }
    await over;
    assert.equal(account.session?.token.length, 2000);
  }));

test('which account is meant is asked where there are several, and one that is not here is missed', () =>
  inHome((home) => {
    assert.throws(() => openHome({ home }), refusedWith('account.none'));
    for (const name of ['ann', 'bob']) makeHome({ home }, name).saveProfile(profile(name));
    assert.throws(() => openHome({ home }), refusedWith('account.which'));
    assert.equal(openHome({ home, account: 'bob' }).profile?.account, 'bob');
    assert.throws(() => openHome({ home, account: '../bob' }), refusedWith('account.none'));
    assert.throws(() => makeHome({ home }, '../bob'), refusedWith('name.invalid'));
    assert.throws(() => openHome({ home, account: 'bob', deployment: 'other' }), refusedWith('account.none'));
  }));

test('tokens and passwords go over https, or to this machine', () => {
  const urls = (url: string, more: object = {}) => coordinatorUrls({ coordinator: [url], ...more });
  for (const url of ['https://one.example', 'http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:1'])
    assert.deepEqual(urls(url), [url]);
  for (const url of ['http://one.example', 'http://127.0.0.1.example', 'http://10.0.0.1'])
    assert.throws(() => urls(url), refusedWith('usage.insecure'), url);
  for (const url of ['one.example', 'ftp://one.example', 'https://user@one.example'])
    assert.throws(() => urls(url), refusedWith('usage.coordinator'), url);
  assert.deepEqual(urls('http://10.0.0.1', { insecureHttp: true }), ['http://10.0.0.1']);
});
