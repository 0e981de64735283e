/**
 * Owns the promise that documents are true: their commands do what they say, their links and the files that they name are there.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { blocksOf, patternOf, runDocument } from '../support/documents.ts';
import { ROOT } from '../support/rows.ts';

/** Their commands are run here. */
const HERE = ['docs/API.md', 'docs/CONCEPTS.md', 'docs/ELECTIONS.md', 'docs/OPERATING.md', 'CONTRIBUTING.md'];

for (const file of HERE)
  test(`${file}, word by word`, { timeout: 280_000 }, async () => {
    assert.ok((await runDocument(file)) >= 1);
  });

const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** They have tests of their own, or are older than these. */
const ELSEWHERE = ['README.md', 'docs/PERFORMANCE.md', 'docs/QUERIES.md', 'docs/QUICKSTART.md'];
test('no command stands in a document that is run by no test', () => {
  assert.ok(DOCUMENTS.length >= 12, DOCUMENTS.join());
  for (const file of DOCUMENTS) {
    if (ELSEWHERE.includes(file) || HERE.includes(file)) continue;
    const commands = blocksOf(file).filter(({ info }) => /^(sh|bash|console)\b/.test(info));
    assert.deepEqual(commands, [], `${file} has commands: run it here`);
  }
});

test('every link between documents, and every file of the source that they name, is there', () => {
  let [links, paths] = [0, 0];
  for (const file of DOCUMENTS) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:\]\(|\bsrc(?:set)?=")([^)#\s"]+)(?:#[^)]*)?[)"]/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      assert.ok(existsSync(join(ROOT, dirname(file), target)), `${file} links to ${target}`);
    }
    for (const [path] of text.matchAll(
      /(?<![\w./-])(?:src|bin|roles|test|bench|examples|systemd)\/[\w./@-]*\w(?![\w*])/g,
    )) {
      if (path === 'bin/mpc' || /^examples\/aes\/aes_128\.txt|^examples\/[\w-]+\/data/.test(path)) continue;
      paths++;
      assert.ok(existsSync(join(ROOT, path)), `${file} names ${path}`);
    }
  }
  assert.ok(links > 20 && paths > 20, `${links} links, ${paths} files`);
});

test('an expected output is compared as a whole: … is anything within a line, a line of it any lines', () => {
  const pattern = patternOf('one …\n…\nlast (1)\n');
  assert.match('one two\nlast (1)\n', pattern);
  assert.match('one two\nmore\nand more\nlast (1)\n', pattern);
  for (const other of ['one two\n', 'one\nlast (1)\n', 'one two\nlast 1\n', 'zero\none two\nlast (1)\n'])
    assert.doesNotMatch(other, pattern);
});
