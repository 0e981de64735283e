/**
 * Owns the promise that tables fit the screen: no line is too long for it, no character of a cell is lost, numbers stay whole,
 * and nothing that another party wrote steers the terminal. Widths are measured by a terminal emulator.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import xterm from '@xterm/headless';
import fc from 'fast-check';
import { type Grid, gridLines } from '../../bin/local/grid.ts';
import { screenOf } from '../../bin/local/screen.ts';

const screen = (columns?: number) =>
  screenOf(columns === undefined ? {} : { isTTY: true, columns }, { TERM: 'xterm', NO_COLOR: '1' });

const WIDE: Grid = {
  columns: [{ name: 'city' }, { name: 'what was said there' }, { name: 'people', isNumber: true }],
  rows: [
    ['東京', 'rents are high, and the trains are full in the morning', '37400068'],
    ['Köln', 'short', '1'],
  ],
};

test('a table that fits is aligned: numbers to the right, East Asian characters two places wide', () => {
  assert.deepEqual(gridLines(WIDE, screen(80)), [
    'city  what was said there                                       people',
    '----  ------------------------------------------------------  --------',
    '東京  rents are high, and the trains are full in the morning  37400068',
    'Köln  short                                                          1',
  ]);
});

test('a table that is too wide keeps its columns and puts long texts in several lines', () => {
  assert.deepEqual(gridLines(WIDE, screen(40)), [
    'city  what was said there         people',
    '----  ------------------------  --------',
    '東京  rents are high, and the   37400068',
    '      trains are full in the',
    '      morning',
    'Köln  short                            1',
  ]);
});

test('a table that is far too wide becomes one record a block', () => {
  assert.deepEqual(gridLines(WIDE, screen(24)), [
    '-- 1 -------------------',
    'city      東京',
    'what was  rents are',
    'said      high, and the',
    'there     trains are',
    '          full in the',
    '          morning',
    'people    37400068',
    '-- 2 -------------------',
    'city      Köln',
    'what was  short',
    'said',
    'there',
    'people    1',
  ]);
});

test('where there is no terminal, lines are as long as they are', () => {
  const long = 'x'.repeat(500);
  assert.deepEqual(gridLines({ columns: [{ name: 'a' }], rows: [[long]] }, screen()), [
    'a',
    '-'.repeat(500),
    long,
  ]);
});

test('what steers a terminal is shown as its code', () => {
  const [, , cell] = gridLines(
    { columns: [{ name: 'a' }], rows: [['\u001b[2J\rgone\u202e!\n']] },
    screen(80),
  );
  assert.equal(cell, '\\u{1b}[2J\\u{d}gone\\u{202e}!\\u{a}');
});

test('on any screen no line is wider than it, no text is lost, and numbers stay whole', async () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'ß', ' ', '漢', '字', 'W', 'e\u0301', '🙂', '-'),
    maxLength: 60,
  });
  const grids = fc.integer({ min: 1, max: 8 }).chain((width) =>
    fc.record({
      columns: fc.array(fc.record({ name: cell, isNumber: fc.boolean() }), {
        minLength: width,
        maxLength: width,
      }),
      rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 4 }),
    }),
  );
  let [kept, blocks] = [0, 0];
  await fc.assert(
    fc.asyncProperty(grids, fc.integer({ min: 24, max: 120 }), async (made, columns) => {
      const rows = made.rows.map((row, at) =>
        row.map((text, column) => (made.columns[column]?.isNumber ? String(1_000_000 + at) : text)),
      );
      const lines = gridLines({ ...made, rows }, screen(columns));
      for (const line of lines) assert.ok((await heightOf(line, columns)) === 1, JSON.stringify(line));
      const shown = bare(lines.join(''));
      for (const [at, row] of rows.entries())
        for (const [column, text] of row.entries())
          if (made.columns[column]?.isNumber) {
            assert.ok(
              lines.some((line) => line.includes(String(1_000_000 + at))),
              lines.join('\n'),
            );
            kept++;
          } else assert.ok(counted(shown, bare(text)), `${JSON.stringify(text)} in\n${lines.join('\n')}`);
      if (lines[0]?.startsWith('-- 1 ')) blocks++;
    }),
    { numRuns: 60 },
  );
  assert.ok(kept > 20 && blocks > 2, `it saw numbers (${kept}) and blocks (${blocks})`);
});

/** Without white space, which lines begin and end with; accents stand with their letters where a text was wrapped, as Unicode composes them. */
const bare = (text: string): string => text.replace(/\s+/g, '').normalize('NFC');

/** All characters of the text are there, as often as in it. */
const counted = (shown: string, text: string): boolean =>
  [...new Set(text)].every((one) => shown.split(one).length >= text.split(one).length);

/** How many lines of a terminal a text takes. */
async function heightOf(line: string, columns: number): Promise<number> {
  const terminal = new xterm.Terminal({ cols: columns, rows: 10, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(line, resolve));
  const { baseY, cursorY } = terminal.buffer.active;
  terminal.dispose();
  return baseY + cursorY + 1;
}
