/**
 * Owns programs other than SQL as people run them: circuits and TypeScript programs through `mpc run`, with real processes, a real
 * broker and real files, compared with what they mean.
 */
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { aes128 } from '../../examples/aes/circuit.mjs';
import { adder, comparator } from '../support/circuits.ts';
import { ownDirectory } from '../support/files.ts';
import { mpc } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';

const { at, directory } = ownDirectory('programs');

const compare = at('compare.txt', comparator(16).text);

test('mpc run encrypts one party’s blocks under another party’s key', { timeout: 120_000 }, async () => {
  const key = randomBytes(16);
  const blocks = Array.from({ length: 70 }, () => randomBytes(16));
  const { code, stdout, stderr } = await mpc([
    'run',
    at('aes_128.txt', aes128()),
    '--bits',
    '--input',
    `key-holder=${at('key.txt', `${key.toString('hex')}\n`)}`,
    '--input',
    `data-holder=${at('blocks.txt', blocks.map((block) => block.toString('hex')).join('\n'))}`,
    '--json',
  ]);
  assert.equal(code, 0, stderr);
  const answer = JSON.parse(stdout);
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  assert.deepEqual(
    answer.rows,
    blocks.map((block) => [cipher.update(block).toString('hex')]),
  );
  assert.deepEqual(answer.columns, ['output-1']);
  assert.equal(answer.stats.rounds, 60);
  assert.equal(answer.stats.bytesTape, 6400 * 16);
  assert.match(
    answer.disclosure[0],
    /^analyst learns the 128 output bits of circuit aes_128 \(6400 ANDs\), sha256 /,
  );
});

test('mpc run prints a line for each instance, its values one after the other', {
  timeout: 120_000,
}, async () => {
  const { code, stdout, stderr } = await mpc([
    'run',
    compare,
    '--bits',
    '--input',
    `ada=${at('ada.txt', '0001\n0xffff\n0000000000000111\n')}`,
    '--input',
    `ben=${at('ben.txt', '0007\n')}`,
    '--output',
    'carl',
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^carl learns the 2 output bits of circuit compare/);
  assert.match(stdout, /\n\n1 0\n0 0\n0 1\n$/);
});

test('mpc check says what a circuit reveals and costs, and whether files fit', async () => {
  const file = at('three.txt', '0001\n0002\n0003\n');
  const { code, stdout } = await mpc(['check', compare, '--bits', '--rows', '640', '--input', file]);
  assert.equal(code, 0);
  assert.match(stdout, /sha256 [0-9a-f]{64}/);
  assert.match(stdout, /input-1: 16 bits/);
  assert.match(stdout, /for 640 instances: \d+ rounds, .* of tape/);
  assert.match(stdout, /three\.txt: 3 rows, all fit/);
  const { disclosure, inputs, rounds } = JSON.parse(
    (await mpc(['check', compare, '--bits', '--json'])).stdout,
  );
  assert.deepEqual(inputs, [
    { table: 'input-1', maxRows: 1000, bits: 16 },
    { table: 'input-2', maxRows: 1000, bits: 16 },
  ]);
  assert.ok(rounds > 0 && disclosure.length > 2, 'and in one object');
});

const REFUSED: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['a circuit taken for SQL', ['check', compare], 64, /add --bits/],
  [
    'a broken circuit',
    ['check', at('broken.txt', adder(4).text.replace('AND', 'NAND')), '--bits'],
    65,
    /broken\.txt, line \d+: there is no gate "NAND" \[circuit\.unknown-gate\]/,
  ],
  ['a circuit that is not there', ['check', join(directory, 'none.txt'), '--bits'], 66, /query\.unreadable/],
  [
    'bits of another width',
    ['run', compare, '--bits', '--input', `a=${at('w.txt', '0001\n001\n')}`, '--input', 'b=x'],
    65,
    /a, .*w\.txt, line 2: the line is not a number of 16 bits \[rows\.not-bits\]/,
  ],
  [
    'too many inputs',
    [
      'run',
      compare,
      '--bits',
      ...['a', 'b', 'c'].flatMap((party) => ['--input', `${party}=${at('o.txt', '0001\n')}`]),
    ],
    64,
    /2 input values/,
  ],
  [
    'too few inputs',
    ['run', compare, '--bits', '--input', `a=${at('o.txt', '0001\n')}`],
    65,
    /0 parties bring the circuit's input-2 \[program\.inputs\]/,
  ],
  ['a program that is none', ['check', at('none.mjs', 'export default 3;\n')], 65, /program\.no-program/],
  [
    'a program with a slip',
    ['check', at('slip.mjs', 'export default nothing;\n')],
    65,
    /nothing is not defined/,
  ],
  [
    'a program whose numbers overflow',
    [
      'check',
      at(
        'wide.mjs',
        "import { program, integer } from 'mpc';\nexport default program((t) => { const { x } = t.input('a', { rows: 2, columns: { x: integer(0, 2 ** 40) } }); t.reveal('y', x.times(x), 'a'); });\n",
      ),
    ],
    65,
    /beyond 64 bits \[program\.too-wide\]/,
  ],
];

for (const [what, args, exitCode, says] of REFUSED) {
  test(`${what} is refused with exit code ${exitCode}, before anything is started`, async () => {
    const { code, stdout, stderr } = await mpc(args);
    assert.match(stderr, says);
    assert.equal(code, exitCode);
    assert.equal(stdout, '');
  });
}

test('the auction of the examples sells to the highest bid at the second price', {
  timeout: 120_000,
}, async () => {
  const bidders = ['ada', 'ben', 'cleo'];
  const bids = bidders.map(() =>
    Array.from({ length: 8 }, () => randomBytes(3).readUIntBE(0, 3) % 10_000_001),
  );
  bids[1]![3] = bids[0]![3]!;
  const inputs = bidders.flatMap((bidder, k) => {
    const rows = bids[k]!.map((cents) => (cents / 100).toFixed(2));
    return ['--input', `${bidder}=${at(`${bidder}.csv`, ['bid', ...rows, ''].join('\n'))}`];
  });
  const { code, stdout, stderr } = await mpc([
    'run',
    join(ROOT, 'examples/auction/auction.mjs'),
    ...inputs,
    '--json',
    '--keep',
  ]);
  assert.equal(code, 0, stderr);
  const [, kept = ''] = /kept: (.*)/.exec(stderr) ?? [];
  assert.ok(kept.startsWith(join(tmpdir(), 'mpc-run-')), `the run kept ${kept}`);
  const parcels = parcelsIn(kept);
  rmSync(kept, { recursive: true });
  const { results } = JSON.parse(stdout);
  const lots = Array.from({ length: 8 }, (_, lot) => {
    const own = bids.map((list) => list[lot]!);
    const sorted = [...own].sort((a, b) => b - a);
    return { winner: own.indexOf(sorted[0]!), price: sorted[1]! / 100 };
  });
  const turnover = lots.reduce((sum, { price }) => sum + Math.round(price * 100), 0) / 100;
  const of = (party: string) => results.find((result: { party: string }) => result.party === party);
  assert.deepEqual(of('auctioneer').columns, ['winner', 'price', 'turnover']);
  assert.deepEqual(
    of('auctioneer').rows,
    lots.map(({ winner, price }, lot) => [winner, price, lot === 0 ? turnover : null]),
  );
  for (const [number, bidder] of bidders.entries()) {
    assert.deepEqual(of(bidder).columns, [`won_by_${bidder}`]);
    assert.deepEqual(
      of(bidder).rows,
      lots.map(({ winner }) => [winner === number]),
    );
  }
  assert.equal(results.length, 4);
  // Each server serves a bidder its 8 truth values, masked, and a share of their mask: no byte of anything else.
  assert.deepEqual(parcels, {
    'result-ada': [16, 16],
    'result-auctioneer': [272, 272],
    'result-ben': [16, 16],
    'result-cleo': [16, 16],
  });
});

/** Bytes of the files that servers hand to one receiver each, by name. */
function parcelsIn(directory: string): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (/^result-[a-z]+$/.test(entry.name))
        found[entry.name] = [...(found[entry.name] ?? []), statSync(path).size];
    }
  };
  walk(directory);
  return Object.fromEntries(Object.entries(found).sort());
}

test('a program may lie anywhere: mpc in it is this package', { timeout: 120_000 }, async () => {
  mkdirSync(join(directory, 'elsewhere'));
  const file = at(
    'elsewhere/total.mjs',
    `import { decimal, program } from 'mpc';
     export default program((t) => {
       const ada = t.input('ada', { rows: 2, columns: { hours: decimal(1, 0, 100) } });
       const ben = t.input('ben', { rows: 3, columns: { hours: decimal(2, 0, 100) } });
       t.reveal('total', ada.hours.sum().plus(ben.hours.sum()), 'carl');
     });`,
  );
  const { code, stdout, stderr } = await mpc([
    'run',
    file,
    '--input',
    `ada=${at('a.csv', 'hours\n1.5\n2\n')}`,
    '--input',
    `ben=${at('b.csv', 'hours\n0.25\n1\n10\n')}`,
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^carl learns total \(1 number\) of program total, sha256 [0-9a-f]{64}\.\n/);
  assert.match(stdout, /total\n-+\n14\.75\n\(1 row\)\n$/);
});
