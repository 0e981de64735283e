/** The grammar of subjects, and the versions of brokers. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isAtLeast, versionIn } from '../../src/bus/broker-version.ts';
import { logSubjectOf, subjectMatches, subjects } from '../../src/bus/subjects.ts';

test('a pattern matches what its regular expression matches', () => {
  const token = fc.constantFrom('a', 'b', 'ab');
  const pattern = fc.tuple(
    fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
  );
  let matched = 0;
  fc.assert(
    fc.property(pattern, fc.array(token, { minLength: 1, maxLength: 5 }), ([tokens, open], subject) => {
      const text = tokens.map((part) => (part === '*' ? '[^.]+' : part)).join('\\.');
      const expected = new RegExp(`^${text}${open ? '\\..+' : ''}$`).test(subject.join('.'));
      if (expected) matched++;
      return subjectMatches([...tokens, ...(open ? ['>'] : [])].join('.'), subject.join('.')) === expected;
    }),
    { numRuns: 2000 },
  );
  assert.ok(matched > 50, `only ${matched} pairs matched`);
  assert.ok(subjectMatches('>', 'a.b'));
});

test('the log of a deployment has the subject that goes with its name', () => {
  for (const deployment of ['test', 'pay_gap_log', 'a-b']) {
    assert.equal(logSubjectOf(subjects.logStream(deployment)), subjects.log(deployment));
  }
  assert.equal(logSubjectOf('other'), 'other');
});

test('versions are compared by number', () => {
  assert.equal(versionIn('nats-server: v2.14.0'), '2.14.0');
  assert.equal(versionIn('2.15.0-preview.1'), '2.15.0');
  assert.equal(versionIn('no version'), undefined);
  for (const enough of ['2.14.0', '2.14.1', '2.100.0', '3.0.0', '10.0.0'])
    assert.ok(isAtLeast(enough, '2.14.0'));
  for (const older of ['2.13.9', '2.9.10', '1.99.99']) assert.ok(!isAtLeast(older, '2.14.0'));
});
