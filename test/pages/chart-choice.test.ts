/**
 * Which chart a result gets: by its columns, the query, and the reader's own rows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellText, chartsOf } from '../../src/pages/party/chart-choice.ts';

type Table = Parameters<typeof chartsOf>[0];

/** `name:type:scale` for each column. */
function tableOf(columns: string, ...rows: Table['rows']): Table {
  return {
    columns: columns.split(' ').map((column) => {
      const [name = '', type = 'integer', scale = '0'] = column.split(':');
      return { name, type, scale: Number(scale) };
    }),
    rows,
  };
}

test('groups become bars, the most telling column first; a second key with few values is told apart in each', () => {
  const table = tableOf(
    'level:text gender:text people average:decimal:2',
    ['junior', 'female', 3, 10.5],
    ['junior', 'male', 4, null],
    ['lead', 'female', 2, '12345678901234567890.25'],
  );
  const [first, second, ...more] = chartsOf(table, '');
  assert.deepEqual([first?.name, second?.name, more.length], ['average', 'people', 0]);
  assert.ok(first?.kind === 'bars');
  assert.deepEqual(first.series, ['female', 'male']);
  assert.deepEqual(first.bars[1], { label: 'junior', series: 'male', value: null, text: '–' });
  assert.equal(first.bars[2]?.text, '12,345,678,901,234,567,890.25', 'no digit is lost');
});

test('a first column of different whole numbers names groups; a single row needs no bars', () => {
  const [chart] = chartsOf(tableOf('year count total', [2024, 3, 5], [2025, 4, -6]), '');
  assert.ok(chart?.kind === 'bars');
  assert.deepEqual([chart.name, chart.bars[1]?.label, chart.bars[1]?.value], ['total', '2025', -6]);
  assert.deepEqual(chartsOf(tableOf('count total', [3, 5]), ''), []);
  assert.deepEqual(chartsOf(tableOf('team:text'), ''), []);
});

test('a lowest and a highest become ranges, as do an average and its deviation', () => {
  const [range] = chartsOf(
    tableOf('team:text lowest average highest', ['red', 1, 3, 9], ['green', null, null, null]),
    '',
  );
  assert.ok(range?.kind === 'ranges');
  assert.deepEqual(range.ranges, [{ label: 'red', low: 1, high: 9, middle: 3, text: '1 to 9' }]);
  const [spread] = chartsOf(tableOf('team:text avg:decimal:1 stddev:decimal:1', ['red', 5, 1.5]), '');
  assert.ok(spread?.kind === 'ranges');
  assert.deepEqual(spread.ranges[0], { label: 'red', low: 3.5, high: 6.5, middle: 5, text: '5.0 ± 1.5' });
});

test('a slope and an intercept become a line over the declared range, beside the own rows that this tab knows', () => {
  const query =
    'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 2 AND 40), y INTEGER); SELECT REGR_SLOPE(y, x), REGR_INTERCEPT(y, x) FROM t';
  const table = tableOf('regr_slope:decimal:4 regr_intercept:decimal:4', [2, 1]);
  const [line] = chartsOf(table, query, [
    {
      table: 't',
      columns: ['y', 'x'],
      rows: [
        ['7', '3'],
        ['', '4'],
      ],
    },
  ]);
  assert.ok(line?.kind === 'points');
  assert.deepEqual([line.x, line.y, line.from, line.to], ['x', 'y', 2, 40]);
  assert.deepEqual([line.lines, line.points], [[{ label: '', slope: 2, intercept: 1 }], [[3, 7]]]);
  const [alone] = chartsOf(table, query);
  assert.ok(alone?.kind === 'points' && alone.points.length === 0);
  assert.deepEqual(chartsOf(table, 'SELECT 1'), [], 'no range, no line');
});

test('cells read as people write them', () => {
  const decimal = { name: 'd', type: 'decimal', scale: 2 };
  assert.deepEqual(
    [cellText(1234.5, decimal), cellText(null, decimal), cellText(true, { ...decimal, type: 'boolean' })],
    ['1,234.50', '–', 'yes'],
  );
  assert.equal(cellText('2026-11-26', { ...decimal, type: 'date' }), '2026-11-26');
});
