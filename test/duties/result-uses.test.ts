/**
 * Owns the promise that a server counts the uses of a result by itself: whatever the log says, or has forgotten.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Descriptor } from '../../src/coordination/descriptor.ts';
import { writeWhole } from '../../src/duties/chunk-files.ts';
import { checkSources, claimUses, keepParties } from '../../src/duties/result-uses.ts';
import { checkLimits } from '../../src/duties/server-limits.ts';
import { pathOf, type Run, type Workplace } from '../../src/duties/workplace.ts';
import { descriptorOf, idOfNumber } from '../coordination/world.ts';

const SOURCE: Run = { collaboration: idOfNumber(0), attempt: 1 };
const RESULT = `${SOURCE.collaboration}.1`;
const reading = (parties: readonly string[] = ['acme', 'beta']): Pick<Descriptor, 'sources'> => ({
  sources: [{ table: 't', result: RESULT, parties: [...parties] }],
});
const run = (number: number, attempt = 1): Run => ({ collaboration: idOfNumber(number), attempt });

/** A server's directory; its log says what `descriptor` says of the collaboration that made the result. */
async function atServer(
  descriptor: Descriptor,
  check: (place: Workplace) => Promise<void> | void,
): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), 'mpc-uses-'));
  // What is looked at of a workplace here: its directory, and the log's collaborations.
  const place = { state, follower: { collaboration: () => ({ descriptor }) } } as unknown as Workplace;
  try {
    await writeWhole(pathOf(place, SOURCE, 'result'), new Uint8Array(8));
    await keepParties(place, SOURCE, ['acme', 'beta']);
    await check(place);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

test('a result is read as often as was agreed; the next run is refused though the log let it begin', () =>
  atServer(descriptorOf(0, { resultUses: 2 }), (place) => {
    for (const number of [1, 2]) {
      checkSources(place, run(number), reading());
      claimUses(place, run(number), reading());
      claimUses(place, run(number), reading()); // begun again after a crash: the same use
    }
    assert.throws(() => checkSources(place, run(3), reading()), { code: 'result.used-up' });
    assert.throws(() => claimUses(place, run(3), reading()), { code: 'result.used-up' });
    assert.throws(
      () => claimUses(place, run(1, 2), reading()),
      { code: 'result.used-up' },
      'another attempt is another use',
    );
    checkSources(place, run(2), reading()); // who has its use goes on
  }));

test('without an agreement nobody reads a result: that is the default', () =>
  atServer(descriptorOf(0), (place) => {
    assert.throws(() => checkSources(place, run(1), reading()), { code: 'result.used-up' });
  }));

test('every party whose rows are in a result has to be asked, by what this server saw itself', () =>
  atServer(descriptorOf(0, { resultUses: 9 }), (place) => {
    assert.throws(() => checkSources(place, run(1), reading(['acme'])), {
      code: 'result.approver-missing',
      message: /beta/,
    });
    checkSources(place, run(1), reading(['acme', 'beta', 'gamma']));
  }));

test('a result that this server does not hold is not read', () =>
  atServer(descriptorOf(0, { resultUses: 9 }), (place) => {
    const sources = [{ table: 't', result: `${SOURCE.collaboration}.2`, parties: ['acme', 'beta'] }];
    assert.throws(() => checkSources(place, run(1), { sources }), { code: 'result.missing' });
  }));

test("a server's own limits hold whatever the parties agree on", () => {
  const limits = { minParties: 2, minGroupSize: 3, resultUses: 1, reruns: 1 };
  const good = descriptorOf(0);
  checkLimits(good, limits);
  const minimum = { parties: 1, waitMs: 1000 };
  const cases: readonly (readonly [Partial<Descriptor>, string])[] = [
    [{ minimum }, 'limits.parties'],
    [{ inputs: good.inputs.slice(0, 1) }, 'limits.parties'],
    [{ minGroupSize: 2 }, 'limits.group-size'],
    [{ program: { kind: 'circuit', name: 'c', circuit: 'AAAA' } }, 'limits.group-size'],
    [{ resultUses: 2 }, 'limits.result-uses'],
    [{ reruns: 2 }, 'limits.reruns'],
  ];
  for (const [change, code] of cases)
    assert.throws(() => checkLimits({ ...good, ...change }, limits), { code });
  checkLimits({ ...good, inputs: good.inputs.slice(0, 1), ...reading(['beta']) }, limits); // rows of two parties meet
  assert.equal(cases.length, 6);
});
