/**
 * Owns the promise that the units of systemd/ are what systemd takes them for: valid, and shut in as far as they can be.
 * Skipped, and says so, where there is no systemd-analyze.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../support/rows.ts';

const UNITS = join(ROOT, 'systemd');
/** Where `npm install --global --prefix /opt/mpc` puts it. */
const WRAPPER = 'opt/mpc/lib/node_modules/mpc/systemd/notify-exec';
const INSTANCES = readdirSync(UNITS)
  .map((name) => /^mpc@(.+)\.service\.d$/.exec(name)?.[1])
  .filter((name) => name !== undefined);
const SERVICES = [...INSTANCES.map((name) => `mpc@${name}.service`), 'mpc-broker.service'];
/** An exposure of 1.0, in the program's own tenths. */
const MOST = 10;

const skip =
  spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'no systemd-analyze on this machine';
const root = mkdtempSync(join(tmpdir(), 'mpc-units-'));
after(() => rmSync(root, { recursive: true }));

/** A file system as far as the program looks at one: our units, what they start, and the targets they name. */
function lay(): void {
  cpSync(UNITS, join(root, 'etc/systemd/system'), { recursive: true });
  mkdirSync(dirname(join(root, WRAPPER)), { recursive: true });
  copyFileSync(join(UNITS, 'notify-exec'), join(root, WRAPPER));
  for (const program of ['opt/mpc/bin/mpc', 'bin/kill']) {
    mkdirSync(dirname(join(root, program)), { recursive: true });
    writeFileSync(join(root, program), '#!/bin/sh\n', { mode: 0o755 });
  }
  const system = join(root, 'usr/lib/systemd/system');
  mkdirSync(system, { recursive: true });
  for (const target of ['sysinit', 'basic', 'network-online', 'multi-user', 'shutdown'])
    writeFileSync(join(system, `${target}.target`), '[Unit]\nDescription=for the test\n');
}
lay();

function analyze(...words: readonly string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(
    'systemd-analyze',
    [`--root=${root}`, '--no-pager', ...words],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  return { status, text: `${stdout}${stderr}` };
}

const exposure = (unit: string, threshold: number): ReturnType<typeof analyze> =>
  analyze('security', '--offline=true', `--threshold=${threshold}`, unit);

test('there is a unit for every role, and for the broker', () => {
  assert.deepEqual(INSTANCES.sort(), ['client', 'coordinator', 'dealer', 'server-a', 'server-b', 'server-c']);
});

test('systemd has nothing to say against the units', { skip }, () => {
  for (const unit of [...SERVICES, 'mpc.target'])
    assert.deepEqual(analyze('verify', unit), { status: 0, text: '' }, unit);
});

test('no unit is exposed by more than 1.0', { skip }, () => {
  for (const unit of SERVICES) assert.equal(exposure(unit, MOST).status, 0, exposure(unit, MOST).text);
  assert.notEqual(exposure('mpc@server-a.service', 5).status, 0, 'a threshold means something');
});
