/**
 * Owns the promise that the README's own commands work: two input parties and one output party by curl alone, over real HTTP, with
 * real processes and a real broker.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../support/ports.ts';
import { ROOT } from '../support/rows.ts';

const SECTION = /^## By HTTP alone\n[\s\S]*?```sh\n([\s\S]*?)```/m;

test("the README's commands bring two parties' rows to a third one's average", {
  timeout: 180_000,
}, async () => {
  const script = SECTION.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  assert.ok(script !== undefined, 'the README has the section');
  assert.ok(script.split('\n').filter((line) => line.includes('curl')).length >= 12);
  const directory = mkdtempSync(join(tmpdir(), 'mpc-rest-'));
  const base = await freePorts();
  const here = script
    .replace('bin/mpc', `${process.execPath} ${join(ROOT, 'bin/mpc')}`)
    .replaceAll(/\b80(\d\d)\b(?!\d)/g, (_, last: string) => String(base + Number(last) - 80));
  try {
    const { code, stdout, stderr } = await shell(here, directory);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /count,avg\r\n3,4400\r\n/);
    assert.match(stdout, /"status":"finished"/);
    assert.ok(!stdout.includes('4100') && !stderr.includes('4100'), 'rows appear nowhere');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Job control is on, so that the script can end what it started in the background by its own. */
function shell(
  script: string,
  cwd: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      'bash',
      ['-c', `set -eu -o pipefail -m\ntrap 'kill %1 2>/dev/null || true; wait' EXIT\n${script}`],
      {
        cwd,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    const timer = setTimeout(() => child.pid !== undefined && process.kill(child.pid, 'SIGTERM'), 150_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}
