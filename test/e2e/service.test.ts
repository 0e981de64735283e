/**
 * Owns the promise about roles under a service manager: started as the units start them, they say when they are ready and what
 * they wait for, take their key as a credential, and say that they end. The manager is a socket that a helper reads.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyPath } from '../../bin/local/deployment.ts';
import { TestDeployment } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';

/** Prints what comes, an assignment a line; Node itself cannot open such a socket. */
const RECEIVER = `
use strict; use Socket; $| = 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die; bind($socket, pack_sockaddr_un($ARGV[0])) or die; print "listening\\n";
while (defined recv($socket, my $text, 65536, 0)) { print "$text\\n" }
`;
const skip = spawnSync('perl', ['-e', '1']).status === 0 ? false : 'no perl on this machine';
const PATIENCE_MS = 120_000;

/** Lines that a process has written, and who waits for one. */
class Lines {
  readonly seen: string[] = [];
  #wake: () => void = () => {};

  constructor(child: ChildProcess) {
    let rest = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      this.seen.push(...lines);
      this.#wake();
    });
  }

  async until(pattern: RegExp): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!this.seen.some((line) => pattern.test(line)))
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        signal.onabort = () => reject(new Error(`never heard ${pattern}, but ${this.seen.join(' | ')}`));
      });
    signal.onabort = null;
  }
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

test('a role tells the service manager that it is ready, what it waits for, and that it ends', {
  skip,
}, async () => {
  const deployment = await TestDeployment.open(
    'CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 9)); SELECT SUM(x) FROM t;',
    [{ party: 'acme', table: 't', maxRows: 2, csv: 'x\n1\n' }],
  );
  const socket = join(deployment.directory, 'notify');
  const credentials = join(deployment.directory, 'credentials');
  mkdirSync(credentials);
  const configured = keyPath(deployment.directory, 'server-a');
  copyFileSync(configured, join(credentials, 'identity.seed'));
  chmodSync(join(credentials, 'identity.seed'), 0o440);
  rmSync(configured);
  const receiver = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const heard = new Lines(receiver);
  let role: ChildProcess | undefined;
  try {
    await heard.until(/^listening$/);
    role = spawn(
      join(ROOT, 'systemd/notify-exec'),
      [process.execPath, join(ROOT, 'bin/mpc'), '--config', deployment.configOf('server-a')],
      {
        stdio: ['ignore', 'ignore', 'ignore'],
        env: {
          ...process.env,
          NOTIFY_SOCKET: socket,
          CREDENTIALS_DIRECTORY: credentials,
          WATCHDOG_USEC: '3000000',
        },
      },
    );
    await heard.until(/^STATUS=waiting for a broker/);
    deployment.start('coordinator', 'party-analyst', 'party-acme');
    await heard.until(/^READY=1$/);
    await heard.until(/^STATUS=.*waiting for randomness: 1 collaboration/);
    await heard.until(/^WATCHDOG=1$/);
    const leaving = ended(role);
    role.kill('SIGTERM');
    assert.equal(await leaving, 0);
    await heard.until(/^STOPPING=1$/);
    assert.ok(!existsSync(configured), 'its key was the credential');
    const [first] = heard.seen.filter((line) => /^(STATUS|READY)=/.test(line));
    assert.match(first ?? '', /^STATUS=/, 'it is not ready before it has connected');
  } finally {
    role?.kill('SIGKILL');
    receiver.kill('SIGKILL');
    await deployment.stop();
  }
});
