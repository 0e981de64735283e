/**
 * Owns the promise that the shells complete every command and option that there is: real shells load the scripts, and are asked
 * what they would offer.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { mpc } from '../support/mpc.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-completion-'));
after(() => rmSync(directory, { recursive: true }));

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await mpc(['completion', shell]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  const file = join(directory, `mpc.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

const missing = (shell: string): string | false =>
  spawnSync(shell, ['-c', 'true']).status === 0 ? false : `there is no ${shell} here`;

/** What bash offers for the last of these words. */
function offeredByBash(script: string, words: readonly string[]): string[] {
  const program = `source '${script}'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _mpc; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash offers commands, options, choices, and files by itself', { skip: missing('bash') }, async () => {
  const script = await scriptOf('bash');
  const offered = (...words: string[]): string[] => offeredByBash(script, ['mpc', ...words]);
  assert.ok(['run', 'status', 'account', 'completion'].every((name) => offered('').includes(name)));
  assert.deepEqual(offered('comp'), ['completion']);
  assert.deepEqual(offered('account', 'reg'), ['register']);
  assert.deepEqual(offered('--role', 'server'), ['server-a', 'server-b', 'server-c']);
  assert.deepEqual(offered('completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(offered('run', 'query.sql', '--simulate'), ['--simulate-rtt']);
  assert.ok(offered('status', '--').includes('--watch'));
  // A value that is called like a command is none.
  assert.deepEqual(offered('--config', 'run', 'stat'), ['status']);
  assert.deepEqual(offered('run', '--input', 'acme', '=', ''), []);
});

test('every command that help names is offered, with every option, in all three scripts', async () => {
  const scripts = new Map<string, string>();
  for (const shell of ['bash', 'zsh', 'fish']) scripts.set(shell, (await mpc(['completion', shell])).stdout);
  let [commands, options] = [0, 0];
  const visit = async (path: readonly string[]): Promise<void> => {
    const { stdout } = await mpc([...path, '--help']);
    const [, list = ''] = /\nCommands:\n([\s\S]*)/.exec(stdout) ?? [];
    const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag ?? '');
    const place = ['mpc', ...path].join(' ');
    for (const flag of flags) {
      options++;
      for (const [shell, script] of scripts)
        assert.ok(
          linesAbout(script, shell, place).some((line) => has(line, shell, flag)),
          `${shell}: ${place} ${flag}`,
        );
    }
    for (const [, name = ''] of list.matchAll(/^ {2}([a-z]+)\b/gm)) {
      commands++;
      for (const [shell, script] of scripts)
        assert.ok(
          linesAbout(script, shell, place).some((line) => line.includes(name)),
          `${shell}: ${place} ${name}`,
        );
      if (name !== 'help' && path.length === 0) await visit([...path, name]);
    }
  };
  await visit([]);
  assert.ok(commands > 40 && options > 60, `${commands} commands, ${options} options`);
});

/** Where a script says what comes behind these words. */
const linesAbout = (script: string, shell: string, place: string): string[] =>
  script
    .split('\n')
    .filter((line) => line.includes(shell === 'fish' ? `__mpc_at \\'${place}\\'` : `    '${place}') if`));

const has = (line: string, shell: string, flag: string): boolean =>
  shell === 'fish' ? line.includes(`-l ${flag.slice(2)} `) : line.includes(flag);

test('zsh takes its script', { skip: missing('zsh') }, async () => {
  const script = await scriptOf('zsh');
  const program = `autoload -U compinit; compinit -D -u; source '${script}'; print -- $_comps[mpc]`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', program], { encoding: 'utf8' });
  assert.equal(`${stdout}${stderr}`, '_mpc\n');
});

test('fish offers commands, options and choices', { skip: missing('fish') }, async () => {
  const script = await scriptOf('fish');
  const offered = (line: string): string[] =>
    spawnSync('fish', ['--no-config', '-c', `source '${script}'; complete -C '${line}'`], {
      encoding: 'utf8',
    })
      .stdout.split('\n')
      .map((one) => one.split('\t')[0] ?? '');
  assert.ok(offered('mpc comp').includes('completion'));
  assert.ok(offered('mpc account reg').includes('register'));
  assert.ok(offered('mpc status --w').includes('--watch'));
  assert.ok(offered('mpc --role server').includes('server-a'));
});
