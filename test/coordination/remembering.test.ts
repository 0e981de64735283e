/** What is remembered of the last commands, beside a plain list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Remembered } from '../../src/coordination/records.ts';
import { Remembering } from '../../src/coordination/remembering.ts';
import { splitmix } from '../support/splitmix.ts';

const MOST = 50;

test('as many as are to be remembered are found, the others forgotten one by one, oldest first', () => {
  const seed = Date.now();
  const next = splitmix(seed);
  const list: Remembered[] = [];
  const memory = new Remembering('mail', MOST);
  for (let sequence = 1; sequence <= 10 * MOST; sequence++) {
    const id = next()
      .toString(16)
      .padStart(32, sequence % 3 === 0 ? '0' : 'f');
    const item: Remembered = {
      chapter: 'mail',
      by: `${sequence % 2 === 0 ? '~' : ''}party-${next() % 5n}`,
      id,
      digest: next().toString(16).padStart(64, '0'),
      outcome: sequence % 7 === 0 ? refused(sequence) : { ok: true, sequence, answer: { number: sequence } },
    };
    assert.equal(memory.find(item.by, item.id), undefined);
    list.push(item);
    const forgotten = memory.add(item);
    assert.deepEqual(forgotten, list.length > MOST ? list.at(-MOST - 1) : undefined, `seed ${seed}`);
    if (forgotten !== undefined) assert.equal(memory.find(forgotten.by, forgotten.id), undefined);
    const last = list.slice(-MOST);
    assert.deepEqual([...memory.items()], last, `seed ${seed}`);
    for (const kept of last) assert.deepEqual(memory.find(kept.by, kept.id), kept);
  }
});

const refused = (sequence: number): Remembered['outcome'] => ({
  ok: false,
  sequence,
  error: { code: 'mail.full', message: 'full', hint: 'wait' },
});
