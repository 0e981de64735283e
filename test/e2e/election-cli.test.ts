/** An election from the command line, as its registrar, its voters and its auditors hold it. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';

const run = promisify(execFile);
const MPC = 'bin/mpc';

/** What a verb prints; its failure's text where it fails. */
async function mpc(
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly said: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [MPC, ...words], { timeout: 60_000 });
    return { code: 0, out: stdout, said: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }; // execFile's own
    return { code, out: stdout, said: stderr };
  }
}

test('a registrar, three voters and an auditor hold an election from the command line', {
  timeout: 240_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-election-cli-'));
  const config = join(directory, 'party-town.toml');
  const up = spawn(process.execPath, [MPC, 'up', '--dir', directory, '--party', 'town'], { stdio: 'ignore' });
  try {
    for (const deadlineMs = Date.now() + 60_000; !existsSync(config); ) {
      assert.ok(Date.now() < deadlineMs, 'mpc up wrote its configurations');
      await systemClock.sleep(100);
    }
    const at = ['--config', config];
    const created = await mpc('election', 'create', ...at, '--title', 'Tea?', '--type', 'yesNo');
    assert.equal(created.code, 0, created.said);
    const id = created.out.trim();
    assert.match(id, /^[0-9a-f]{20}$/);
    const credentials = join(directory, 'voters.ndjson');
    await mpc('election', 'eligible', id, ...at, '--make', '3', '--out', credentials);
    assert.equal(statSync(credentials).mode & 0o077, 0, 'nobody else may read credentials');
    assert.equal(
      (await mpc('election', 'eligible', id, ...at, '--make', '3', '--out', credentials)).code,
      74,
    );
    const opened = await mpc('election', 'open', id, ...at);
    assert.equal(opened.out, 'open for 3 voters\n', opened.said);

    const random = await mpc('vote', '--credential', credentials, '--random', '2', ...at);
    assert.equal(random.out, '2 ballots are with all three servers\n', random.said);
    // Both vote again.
    const [first = '', second = ''] = readFileSync(credentials, 'utf8').split('\n');
    const mine = join(directory, 'mine.json');
    writeFileSync(mine, `${first}\n`, { mode: 0o600 });
    const voted = await mpc('vote', '--credential', mine, '--choice', 'no', ...at);
    assert.equal(voted.code, 0, voted.said);
    assert.match(voted.out, /held by server-a, server-b, server-c \(signed\)/);
    const again = await mpc('vote', '--credential', mine, '--choice', 'yes', '--json', ...at);
    const { tracker } = JSON.parse(again.out);
    writeFileSync(mine, `${second}\n`, { mode: 0o600 });
    assert.equal((await mpc('vote', '--credential', mine, '--choice', 'yes', ...at)).code, 0);
    const wrong = await mpc('vote', '--credential', mine, '--choice', 'maybe', ...at);
    assert.equal(wrong.code, 64);
    assert.match(wrong.said, /"maybe" is none of no, yes/);
    writeFileSync(mine, `${second}\n`, { mode: 0o644 });
    rmSync(mine);
    writeFileSync(mine, `${second}\n`, { mode: 0o644 });
    assert.equal((await mpc('vote', '--credential', mine, '--choice', 'yes', ...at)).code, 77);

    const early = await mpc('election', 'tally', id, ...at);
    assert.equal(early.code, 75);
    assert.match(early.said, /there is no tally yet/);
    await mpc('election', 'close', id, ...at);
    for (const deadlineMs = Date.now() + 60_000; ; ) {
      const [{ state } = { state: '' }] = JSON.parse(
        (await mpc('election', 'status', id, ...at, '--json')).out,
      );
      if (state === 'published') break;
      assert.ok(Date.now() < deadlineMs, `still ${state}`);
    }
    const tally = await mpc('election', 'tally', id, ...at);
    assert.match(
      tally.out,
      /Tea\?[\s\S]*no {2}[\s\S]*0 {4}0\.0 %[\s\S]*yes {1}[\s\S]*2 {2}100\.0 %[\s\S]*2 ballots counted/,
    );
    const receipt = await mpc('election', 'receipt', tracker, '--election', id, ...at);
    assert.match(
      receipt.out,
      /server-a {2}counted at position \d\nserver-b {2}counted at position \d\nserver-c {2}counted/,
    );

    const record = join(directory, 'record.ndjson');
    await mpc('election', 'record', id, ...at, '--out', record);
    const key = (await mpc('key', join(directory, 'keys', 'party-town.seed'))).out.trim();
    const verified = await mpc('election', 'verify', record, '--registrar', key);
    assert.equal(verified.code, 0, verified.said);
    assert.match(verified.out, /the record holds: \d+ signed commands/);
    assert.match(verified.out, /3 voters, 5 ballots in the box: 2 count, 0 rejected, 3 replaced/);
    const bytes = readFileSync(record);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(record, bytes);
    const changed = await mpc('election', 'verify', record, '--registrar', key);
    assert.equal(changed.code, 65);
    assert.match(changed.said, /the record does not hold/);
  } finally {
    up.kill('SIGTERM');
    await once(up, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
});
