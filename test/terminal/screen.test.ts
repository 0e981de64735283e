/**
 * Owns the promise that colours are where they are wanted and nowhere else.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { screenOf } from '../../bin/local/screen.ts';

const TERMINAL = { isTTY: true, columns: 80 };
const coloured = (stream: object, env: Record<string, string>): boolean =>
  screenOf(stream, env).style('green', 'yes') !== 'yes';

test('a terminal is coloured, a pipe is not', () => {
  assert.equal(coloured(TERMINAL, { TERM: 'xterm' }), true);
  assert.equal(coloured({}, { TERM: 'xterm' }), false);
});

test('NO_COLOR takes colours away, whatever it says; an empty one says nothing', () => {
  assert.equal(coloured(TERMINAL, { TERM: 'xterm', NO_COLOR: '0' }), false);
  assert.equal(coloured(TERMINAL, { TERM: 'xterm', NO_COLOR: '' }), true);
});

test('FORCE_COLOR brings them, in a pipe too and against NO_COLOR; 0 takes them away', () => {
  assert.equal(coloured({}, { FORCE_COLOR: '1' }), true);
  assert.equal(coloured({}, { FORCE_COLOR: '1', NO_COLOR: '1' }), true);
  assert.equal(coloured(TERMINAL, { TERM: 'xterm', FORCE_COLOR: '0' }), false);
});

test('a dumb terminal is neither coloured nor drawn on again', () => {
  assert.equal(coloured(TERMINAL, { TERM: 'dumb' }), false);
  assert.equal(screenOf(TERMINAL, { TERM: 'dumb' }).redraws, false);
  assert.equal(screenOf(TERMINAL, { TERM: 'xterm' }).redraws, true);
});

test('a terminal that does not say how wide it is counts as 80 wide, a pipe is as wide as needed', () => {
  assert.equal(screenOf({ isTTY: true, columns: 0 }, {}).columns, 80);
  assert.equal(screenOf({}, {}).columns, undefined);
});
