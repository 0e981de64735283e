import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { describeWaiting, waitingFor } from '../../src/coordination/waiting.ts';
import { bytesFor, commandId, entries, idOfNumber, PlayedState, rules, wholeLife } from './world.ts';

const life = wholeLife(0);

function after(said: readonly (readonly [Address, CommandBody])[]): Parameters<typeof waitingFor>[0] {
  const state = new PlayedState(rules);
  const log = entries();
  for (const [index, [author, body]] of said.entries())
    assert.ok(state.applyOne(log.next(bytesFor(author, body, commandId(index)))).outcome.ok);
  return state.collaboration(idOfNumber(0))!;
}

test('everyone can see what a collaboration waits for, at every step of its life', () => {
  const expected = [
    'approval: acme, beta have not approved the descriptor yet; randomness: server-a, server-b have no tape yet (the dealer makes it)',
    'approval: acme, beta have not approved the descriptor yet; randomness: server-b has no tape yet (the dealer makes it)',
    'approval: beta has not approved the descriptor yet; randomness: server-b has no tape yet (the dealer makes it); inputs: acme has not uploaded masked rows yet',
    'randomness: server-b has no tape yet (the dealer makes it); inputs: acme, beta have not uploaded masked rows yet',
    'randomness: server-b has no tape yet (the dealer makes it); inputs: beta has not uploaded masked rows yet',
    'inputs: beta has not uploaded masked rows yet',
    'binding: server-a, server-b have not tied their tape to the inputs yet',
    'binding: server-b has not tied its tape to the inputs yet',
    'servers: server-a, server-b have not stored their halves of the result yet',
    'servers: server-a has not stored its half of the result yet',
    'result: analyst has not fetched the result yet',
    '',
  ];
  assert.equal(expected.length, life.length);
  for (const [index, sentence] of expected.entries()) {
    const told = describeWaiting(after(life.slice(0, index + 1)));
    assert.deepEqual(told, sentence === '' ? [] : sentence.split('; ').map((part) => `waiting for ${part}`));
  }
});

test('when all rows are there and the randomness is not, that is what is awaited', () => {
  const rowsFirst = [0, 2, 3, 4, 6].map((index) => life[index]!);
  assert.deepEqual(waitingFor(after(rowsFirst)), [{ what: 'randomness', who: ['server-a', 'server-b'] }]);
});

test('nothing is awaited of a collaboration that has failed, expired or been cancelled', () => {
  const ends: readonly (readonly [Address, CommandBody])[] = [
    ['party-analyst', { kind: 'cancel', collaboration: idOfNumber(0) }],
    [
      'dealer',
      {
        kind: 'fail',
        collaboration: idOfNumber(0),
        attempt: 1,
        reason: { code: 'test.reason', message: 'no' },
      },
    ],
  ];
  for (const end of ends) assert.deepEqual(waitingFor(after([life[0]!, end])), []);
});

test('a crowd is not listed by name', () => {
  const one = after(life.slice(0, 1));
  const inputs = Array.from({ length: 30 }, (_, index) => `p${10 + index}`);
  const context = { ...one.lifecycle.context, inputs };
  const [approval] = describeWaiting({ ...one, lifecycle: { ...one.lifecycle, context } });
  assert.equal(
    approval,
    'waiting for approval: p10, p11, p12, p13, p14, p15, p16, p17 and 22 more have not approved the descriptor yet',
  );
});
