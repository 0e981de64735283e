/** How elections look on a terminal. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { barChart, ProgressBar } from '../../bin/local/election-print.ts';

/** A terminal, or none, that remembers what was drawn. */
function screen(isTTY: boolean) {
  const drawn: string[] = [];
  return { drawn, isTTY, write: (text: string | Uint8Array) => drawn.push(String(text)) > 0 };
}

test('a progress bar fills up on a terminal, and is not drawn where there is none', () => {
  const terminal = screen(true);
  const bar = new ProgressBar(4, 'ballots', terminal);
  bar.show(1);
  bar.show(4);
  assert.match(terminal.drawn[0] ?? '', /^\r█{10}░{30} {2}1 of 4 ballots, \d+ a second $/);
  assert.match(terminal.drawn[1] ?? '', /^\r█{40} {2}4 of 4 ballots, \d+ a second $/);
  assert.equal(terminal.drawn[2], '\n');
  const file = screen(false);
  new ProgressBar(4, 'ballots', file).show(4);
  assert.deepEqual(file.drawn, []);
});

test('the chart of a result has a bar for each option, the longest for the most, with sums and shares', () => {
  const lines = [
    { label: 'tea', sum: 6 },
    { label: 'coffee', sum: 3 },
    { label: 'water', sum: 0 },
  ];
  assert.deepEqual(barChart(lines, 9).split('\n'), [
    `tea     ${'█'.repeat(40)}  6   66.7 %`,
    `coffee  ${'█'.repeat(20)}${' '.repeat(20)}  3   33.3 %`,
    `water   ${' '.repeat(40)}  0    0.0 %`,
  ]);
  assert.equal(barChart([{ label: 'nobody', sum: 0 }], 0), `nobody  ${' '.repeat(40)}  0`);
});
