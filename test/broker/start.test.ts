/** The life of a broker process: started, stopped, crashed, refused, and never left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { MpcError } from '../../src/base/errors.ts';
import { BROKER_FILES } from '../../src/broker/config.ts';
import { findBroker } from '../../src/broker/find.ts';
import { brokerDied, startBroker } from '../../src/broker/start.ts';

/** What does not happen fails the test instead of holding it. */
const BOUND = { timeout: 20_000 };

const found = await findBroker({
  env: process.env,
  ...(process.env.MPC_NATS_SERVER === undefined ? {} : { path: process.env.MPC_NATS_SERVER }),
});

async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc start "quoted" ')); // names like these must not break its configuration
  try {
    await act(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The first line of a broker's greeting. */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const [data]: unknown[] = await once(socket, 'data');
  socket.destroy();
  return String(data).split(' ')[0] ?? '';
}

const faultOf = (promise: Promise<unknown>): Promise<MpcError> =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => (error instanceof MpcError ? error : assert.fail(String(error))),
  );

test(
  'a started broker accepts, syncs always, listens on this machine only, and is gone after stop',
  BOUND,
  () =>
    inDirectory(async (directory) => {
      const broker = await startBroker({ directory, binary: found });
      assert.equal(broker.url, `nats://127.0.0.1:${broker.port}`);
      assert.equal(await greeting(broker.port), 'INFO');
      assert.ok(isAlive(broker.pid));
      const config = readFileSync(join(directory, BROKER_FILES.config), 'utf8');
      for (const line of [
        /^host: "127\.0\.0\.1"$/m,
        /^ {2}sync_interval: always$/m,
        /^max_payload: 2097152$/m,
      ])
        assert.match(config, line);
      assert.match(readFileSync(join(directory, BROKER_FILES.log), 'utf8'), /Server is ready/);
      await broker.stop();
      assert.ok(!isAlive(broker.pid));
      assert.equal((await broker.exited).signal, null, 'it ended by itself when asked');
      await broker.stop();
    }),
);

test('a crashed one says so with the last lines of its log, and starts again on its port', BOUND, () =>
  inDirectory(async (directory) => {
    const first = await startBroker({ directory, binary: found });
    first.kill();
    const exit = await first.exited;
    assert.equal(exit.signal, 'SIGKILL');
    assert.match(brokerDied(exit).message, /by SIGKILL:\n.*Server is ready/s);
    const again = await startBroker({ directory, binary: found, port: first.port });
    assert.equal(again.port, first.port);
    await again.stop();
  }),
);

test('a directory that another broker uses is refused, and so is a port that is taken', BOUND, () =>
  inDirectory(async (directory) => {
    const first = await startBroker({ directory, binary: found });
    const shared = await faultOf(startBroker({ directory, binary: found }));
    assert.equal(shared.code, 'broker.directory-in-use');
    assert.match(shared.message, new RegExp(`${first.pid}`));
    assert.equal(await greeting(first.port), 'INFO', 'the first one is untouched');
    const other = join(directory, 'other');
    const taken = await faultOf(startBroker({ directory: other, binary: found, port: first.port }));
    assert.equal(taken.code, 'broker.died');
    assert.match(taken.message, /address already in use/);
    await first.stop();
    const next = await startBroker({ directory, binary: found });
    await next.stop();
  }),
);

test('what cannot be started, or ends at once, is told with its own words', BOUND, () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'nats-server');
    writeFileSync(path, '#!/bin/sh\necho "no such flag" >&2\nexit 3\n');
    chmodSync(path, 0o755);
    const ended = await faultOf(startBroker({ directory, binary: { path, version: '2.14.0' } }));
    assert.equal(ended.code, 'broker.died');
    assert.match(ended.message, /exit code 3:\n.*no such flag/s);
    const absent = await faultOf(
      startBroker({ directory, binary: { path: join(directory, 'absent'), version: '2.14.0' } }),
    );
    assert.equal(absent.code, 'broker.died');
  }),
);

test('a start that is given up leaves no process', BOUND, () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'nats-server');
    const pidFile = join(directory, 'pid');
    writeFileSync(path, `#!/bin/sh\necho $$ > '${pidFile}'\nexec sleep 60\n`); // never accepts
    chmodSync(path, 0o755);
    const abort = new AbortController();
    const starting = startBroker({ directory, binary: { path, version: '2.14.0' }, signal: abort.signal });
    const refused = assert.rejects(starting, /enough/);
    while (!/\d\n/.test(safeRead(pidFile))) await new Promise(setImmediate);
    const pid = Number(safeRead(pidFile));
    assert.ok(isAlive(pid));
    abort.abort(new Error('enough'));
    await refused;
    assert.ok(!isAlive(pid));
  }),
);

function safeRead(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const START = fileURLToPath(new URL('../../src/broker/start.ts', import.meta.url));

/** Another process that starts a broker, says its port and process id, and does `ending` when written to. */
function caller(directory: string, ending: string) {
  const program = `
    import { startBroker } from ${JSON.stringify(START)};
    const { port, pid } = await startBroker({ directory: ${JSON.stringify(directory)}, binary: ${JSON.stringify(found)} });
    process.stdout.write(port + ' ' + pid + '\\n');
    process.stdin.once('data', () => { ${ending} });`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

for (const [how, ending, onlyLinux] of [
  ['exits', 'process.exit(0)', false],
  ['fails', 'throw new Error("a mistake")', false],
  ['is killed', 'process.kill(process.pid, "SIGKILL")', true],
] as const) {
  const skip = onlyLinux && process.platform !== 'linux' ? 'only Linux tells a child' : false;
  test(`a broker ends when its caller ${how}`, { ...BOUND, skip }, ({ signal }) =>
    inDirectory(async (directory) => {
      const parent = caller(directory, ending);
      const gone = once(parent, 'exit');
      const [line]: unknown[] = await once(parent.stdout, 'data', { signal });
      const [port = 0, pid = 0] = String(line).split(' ').map(Number);
      let ended = false;
      try {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {}); // a reset is an end too
        await once(socket, 'data', { signal });
        const closed = once(socket, 'close', { signal });
        socket.resume();
        parent.stdin.write('now');
        await closed;
        ended = true;
        await gone;
        await assert.rejects(greeting(port));
      } finally {
        if (!ended) process.kill(pid, 'SIGKILL');
        parent.kill('SIGKILL');
      }
    }),
  );
}
