/**
 * Owns what `mpc run` looks like on a real terminal and in a pipe: the phases while they go on, the end state, the table that fits;
 * nothing but the answer where nobody looks.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ownDirectory } from '../support/files.ts';
import { mpc } from '../support/mpc.ts';
import { onTerminal } from '../support/terminal.ts';

const { at, directory } = ownDirectory('terminal');

const query = at(
  'query.sql',
  `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('the reds of the north and of the far north', '緑')), wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 100));
SELECT team, MAX(wage), MEDIAN(wage), AVG(wage) FROM pay GROUP BY team;`,
);
const rows = at('rows.csv', 'team,wage\nthe reds of the north and of the far north,1\n緑,7\n緑,9\n');
const RUN = ['run', query, '--input', `acme=${rows}`];
/** The terminal is the system's; without its program these tests have nothing to look at. */
const skip =
  spawnSync('script', ['--version']).status === 0 ? false : 'there is no `script` (util-linux) here';
const TIMEOUT_MS = 240_000;

test('on a terminal the phases are seen while they go on, and stand there in the end above the table', {
  skip,
  timeout: TIMEOUT_MS,
}, async () => {
  const { code, frames, lines, written } = await onTerminal(RUN, { columns: 60 });
  const screen = lines.join('\n');
  assert.equal(code, 0, screen);
  assert.ok(
    frames.some((frame) => /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] roles .*6 processes\n {2}randomness/.test(frame)),
    `a frame shows that the roles are starting and the rest waits:\n${frames.slice(0, 3).join('\n---\n')}`,
  );
  // Which of them lasts long enough to be drawn is the machine's affair; how each goes on is tested without one (phases.test.ts).
  assert.ok(
    frames.some((frame) => /✔ roles [\s\S]*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] (?:randomness|rows|computation|result) /.test(frame)),
    `a frame shows that a later phase goes on:\n${frames.slice(-3).join('\n---\n')}`,
  );
  assert.match(
    screen,
    /✔ roles +\d+\.\d s {2}6 processes\n✔ randomness +\d+\.\d s {2}.* of tape\n✔ rows +\d+\.\d s {2}1 of 1 parties, up to \d+ rows\n✔ computation +\d+\.\d s {2}\d+ rounds, .* each way\n✔ result +\d+\.\d s {2}for analyst\n/,
  );
  assert.doesNotMatch(screen, /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, 'nothing goes on in the end');
  assert.match(
    screen,
    /^team +max +median +avg\n-+ {2}---.*\nthe reds of the north and of the far +1 .*\nnorth\n緑 +9 +8.*\n\(2 rows\)\n/m,
    'the table fits the terminal',
  );
  // ESC [ 32 m is green.
  assert.ok(written.includes('\u001b[32m'), 'what is done is green');
  assert.ok(written.lastIndexOf('\u001b[?25h') > written.lastIndexOf('\u001b[?25l'), 'the cursor is back');
});

test('NO_COLOR: the same, without a colour; the answer goes where standard output goes', {
  skip,
  timeout: TIMEOUT_MS,
}, async () => {
  const file = join(directory, 'answer.json');
  const shell = `--json > '${file}'`;
  const { code, lines, written } = await onTerminal(RUN, { columns: 100, env: { NO_COLOR: '1' }, shell });
  assert.equal(code, 0, lines.join('\n'));
  assert.match(lines.join('\n'), /✔ result +\d+\.\d s {2}for analyst$/);
  // ESC [ … m changes colours and weights; other sequences move the cursor.
  assert.deepEqual(
    written.split('\u001b[').filter((piece) => /^[\d;]*m/.test(piece)),
    [],
  );
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).rows.length, 2);
});

test('Ctrl-C: the phase that was going on stands there as broken off, and the end says so', {
  skip,
  timeout: TIMEOUT_MS,
}, async () => {
  const press = { when: /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] roles /, keys: '\u0003' };
  const { code, lines } = await onTerminal(RUN, { columns: 100, press });
  assert.equal(code, 75, lines.join('\n'));
  assert.match(
    lines.join('\n'),
    /✖ roles .*\n {2}randomness .*\n[\s\S]*\nmpc: interrupted \[run\.interrupted\]$/,
  );
});

test('in a pipe nothing is said while it works, and no byte steers a terminal', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { code, stdout, stderr } = await mpc(RUN, { FORCE_COLOR: '' });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^team {38,}max/m, 'tables are as wide as they are');
  assert.match(stderr, /^dealt in .* in all\n$/, 'one line says what it took');
  assert.ok(!`${stdout}${stderr}`.includes('\u001b'));
});
