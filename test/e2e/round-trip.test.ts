/**
 * Servers that are far apart, simulated: the plan chooses other gates, the answers are the same, and the run is faster than
 * it would be with the gates of servers in one place.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ownDirectory } from '../support/files.ts';
import { mpc } from '../support/mpc.ts';

const { at } = ownDirectory('far');
const query = at(
  'query.sql',
  `CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 100000));
SELECT COUNT(*), MIN(wage), MAX(wage) FROM pay WHERE wage > 100;`,
);
const wages = Array.from({ length: 60 }, (_, i) => (i * 7919) % 5000);
const file = at('pay.csv', `wage\n${wages.join('\n')}\n`);
const kept = wages.filter((wage) => wage > 100);
const expected = [[2 * kept.length, Math.min(...kept), Math.max(...kept)]];

async function run(...options: readonly string[]) {
  const { code, stdout, stderr } = await mpc([
    ...['run', query, '--json', '--input', `acme=${file}`, '--input', `beta=${file}`],
    ...options,
  ]);
  assert.equal(code, 0, stderr);
  const { rows, stats } = JSON.parse(stdout);
  assert.deepEqual(rows, expected);
  return stats;
}

test('with no distance digits compare, with 40 ms function keys do; that is faster than digits at 40 ms', async () => {
  const near = await run('--simulate-rtt', '0');
  const far = await run('--simulate-rtt', '40ms');
  const farByDigits = await run('--simulate-rtt', '40ms', '--round-trip', '0');
  assert.equal(near.comparisons.byKeys, 0);
  assert.equal(far.comparisons.byDigits, 0);
  assert.equal(far.comparisons.byKeys, near.comparisons.byDigits);
  assert.equal(farByDigits.rounds, near.rounds);
  const spared = near.rounds - far.rounds;
  assert.ok(spared >= 12, `${near.rounds} rounds by digits, ${far.rounds} by keys`);
  assert.ok(farByDigits.seconds.compute >= farByDigits.rounds * 0.02, 'messages are really held back');
  const gained = farByDigits.seconds.compute - far.seconds.compute;
  assert.ok(gained > 0, `gained ${gained} s of ${farByDigits.seconds.compute} s`);
});

test('mpc check says which gates are chosen, how many rounds that takes, and about how long', async () => {
  const near = await mpc(['check', query, '--parties', '2', '--rows', '60']);
  assert.match(near.stdout, /34 rounds/);
  assert.match(near.stdout, /comparisons: \d+ by digits \(2 rounds\), for servers in one place/);
  assert.match(near.stdout, /about \d+ ms to deal, \d+ ms to compute/);
  const far = await mpc(['check', query, '--parties', '2', '--rows', '60', '--round-trip', '40']);
  assert.match(far.stdout, /18 rounds/);
  assert.match(far.stdout, /comparisons: \d+ by function keys \(no round\), for servers 40 ms apart/);
  const wrong = await mpc(['check', query, '--round-trip', 'far']);
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /\[usage\.round-trip\]/);
});
