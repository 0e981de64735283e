/**
 * Owns the promise that docs/QUERIES.md is true: each of its queries gives the answer that stands behind it, each refusal is the one
 * shown, and its commands print what it says.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { FUNCTIONS } from '../../src/sql/call-names.ts';
import { blocksOf, runDocument } from '../support/documents.ts';
import { Examples } from '../support/examples.ts';

const FILE = 'docs/QUERIES.md';
const BRINGING = [
  { party: 'acme', table: 'payroll', file: 'acme.csv' },
  { party: 'beta', table: 'payroll', file: 'beta.csv' },
  { party: 'registry', table: 'person', file: 'registry.csv' },
];

test('every example query gives what the document says', { timeout: 240_000 }, async () => {
  const blocks = blocksOf(FILE);
  const examples = new Examples(blocks, BRINGING);
  let [answered, refused] = [0, 0];
  try {
    for (const [at, { info, text, line }] of blocks.entries()) {
      if (info !== 'sql' && info !== 'sql refused') continue;
      const expected = blocks[at + 1];
      assert.equal(expected?.info, 'text', `${FILE}:${line}: its answer stands behind it`);
      const said = (await examples.answer(text)).replaceAll(/ +$/gm, '');
      assert.equal(`${said}\n`, expected?.text, `${FILE}:${line}`);
      assert.equal(/\[sql\.[a-z-]+\]/.test(said), info === 'sql refused', `${FILE}:${line}`);
      if (info === 'sql') answered++;
      else refused++;
    }
  } finally {
    examples.close();
  }
  assert.ok(answered >= 15 && refused >= 5, `${answered} answered, ${refused} refused`);
});

test('no function that a query can call is without an example', () => {
  const queries = blocksOf(FILE)
    .filter(({ info }) => info === 'sql')
    .map(({ text }) => text.toLowerCase())
    .join('\n');
  for (const name of FUNCTIONS) assert.match(queries, new RegExp(`\\b${name}\\(`), name);
  assert.ok(FUNCTIONS.length > 20);
});

test('its commands print what the document says', { timeout: 240_000 }, async () => {
  assert.ok((await runDocument(FILE)) >= 1);
});
