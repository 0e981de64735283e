/**
 * Owns the promises about mpc doctor and the pages of [observe]: they say what is wrong with real roles on a real broker, what
 * to do about it, and nothing is wrong with those that are well.
 */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyPath } from '../../bin/local/deployment.ts';
import { mpc, TestDeployment } from '../support/mpc.ts';

const SQL = 'CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 9)); SELECT SUM(x) FROM t;';
const ROWS = [{ party: 'acme', table: 't', maxRows: 2, csv: 'x\n1\n' }];
const PATIENCE_MS = 120_000;

interface Examined {
  readonly code: number | null;
  readonly ok: boolean;
  /** What is not well: check, state, message and hint. */
  readonly found: readonly string[];
  readonly checks: readonly string[];
}

async function examine(config: string, ...words: readonly string[]): Promise<Examined> {
  const { code, stdout, stderr } = await mpc(['doctor', '--config', config, '--json', ...words]);
  assert.notEqual(stdout, '', stderr);
  const { ok, findings } = JSON.parse(stdout) as {
    ok: boolean;
    findings: { check: string; state: string; message: string; hint?: string }[];
  };
  const found = findings
    .filter(({ state }) => state !== 'ok')
    .map(({ check, state, message, hint }) => `${check} ${state}: ${message} (${hint})`);
  return { code, ok, found, checks: [...new Set(findings.map(({ check }) => check))] };
}

/** Asks again until the page says so; each answer is quick, and nothing depends on how quick. */
async function answered(url: string, pattern: RegExp): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const text = await (await fetch(url, { signal })).text();
    if (pattern.test(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('a doctor finds nothing wrong with a role that is well, and its pages say so', async () => {
  const deployment = await TestDeployment.open(SQL, ROWS);
  try {
    const address = join(deployment.directory, 'observe-address');
    const config = deployment.configOf('server-a');
    appendFileSync(config, `\n[observe]\nlisten = "127.0.0.1:0"\naddressFile = "${address}"\n`);
    deployment.start('coordinator', 'server-a', 'party-analyst', 'party-acme');
    await deployment.until('the approvals', ({ lifecycle }) => lifecycle.context.approvals.length === 2);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!existsSync(address) || readFileSync(address, 'utf8') === '') {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const url = readFileSync(address, 'utf8').trim();
    await answered(`${url}/readyz`, /^ok$/m);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    const text = await answered(
      `${url}/metrics`,
      /^mpc_collaborations_waiting\{for="randomness",role="server-a"\} 1$/m,
    );
    assert.match(text, /^mpc_log_sequence\{role="server-a"\} [1-9]/m);
    assert.match(text, /^mpc_received_bytes_total\{role="server-a"\} [1-9]/m);
    assert.doesNotMatch(text, new RegExp(`acme|${deployment.id}`), 'nobody is named');

    const well = await examine(config);
    assert.deepEqual([well.code, well.ok], [0, true], well.found.join('\n'));
    const looked = [
      'config',
      'key',
      'trust',
      'state',
      'disk',
      'database',
      'broker',
      'clock',
      'log',
      'coordinator',
    ];
    for (const check of looked) assert.ok(well.checks.includes(check), `it looked at ${check}`);
    assert.ok(well.found.some((line) => /^log warning: it has one copy.*three brokers/.test(line)));

    const coordinator = await examine(deployment.configOf('coordinator'));
    assert.deepEqual([coordinator.code, coordinator.ok], [0, true], coordinator.found.join('\n'));
    assert.ok(coordinator.checks.includes('replica'));
  } finally {
    await deployment.stop();
  }
});

test('a doctor names each fault, and what to do', async () => {
  const deployment = await TestDeployment.open(SQL, ROWS);
  try {
    const config = deployment.configOf('server-b');
    const text = readFileSync(config, 'utf8');
    const nobody = await examine(config);
    assert.equal(nobody.code, 1);
    assert.match(
      nobody.found.join('\n'),
      /coordinator fault: no replica of the coordinator answers \(start one/,
    );

    const away = await examine(config, '--nats', 'nats://127.0.0.1:1');
    assert.equal(away.code, 1);
    assert.match(
      away.found.join('\n'),
      /broker fault: no broker at nats:\/\/127\.0\.0\.1:1 \(start the broker/,
    );

    const key = keyPath(deployment.directory, 'server-b');
    writeFileSync(config, text.replace(key, keyPath(deployment.directory, 'dealer')));
    assert.match(
      (await examine(config)).found.join('\n'),
      /key fault: \[trust\] has another key for server-b/,
    );

    chmodSync(key, 0o644);
    writeFileSync(config, text);
    assert.match((await examine(config)).found.join('\n'), /key fault: .*is open to other users.*chmod 600/);
    chmodSync(key, 0o600);

    writeFileSync(config, text.replace(/^dealer = .*$/m, ''));
    assert.match((await examine(config)).found.join('\n'), /trust fault: \[trust\] has no key for dealer/);

    writeFileSync(config, `${text}\n[observe]\nlisten = "0.0.0.0:9464"\n`);
    const open = await examine(config);
    assert.equal(open.code, 1);
    assert.match(open.found.join('\n'), /config fault: .*observe\.listen: write a loopback address/);

    writeFileSync(config, text.replace(/^state = .*$/m, 'state = "/proc/none"'));
    assert.match((await examine(config)).found.join('\n'), /state fault: \/proc cannot be written/);
  } finally {
    await deployment.stop();
  }
});
