import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

test('every attack that the documentation names has the test that it names', () => {
  const lines = readFileSync('docs/ELECTIONS.md', 'utf8').split('\n');
  const rows = lines.flatMap((line) => {
    const row = /^\| (?<attack>[^|]+) \| [^|]+ \| `(?<file>test\/[^`]+)`: (?<title>[^|]+) \|$/.exec(line);
    return row?.groups === undefined ? [] : [row.groups];
  });
  for (const { attack, file = '', title = '' } of rows) {
    const titles = [...readFileSync(file, 'utf8').matchAll(/^ *test\(\s*(['"`])(?<title>.*?)\1,/gm)];
    const found = titles.filter((one) => one.groups?.title?.startsWith(title));
    assert.ok(found.length > 0, `${attack}: ${file} has no test that begins "${title}"`);
  }
  assert.ok(rows.length > 30, `${rows.length} attacks`);
});
