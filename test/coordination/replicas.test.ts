/**
 * Replicas that read the same log have the same state, whatever is on it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/base/bytes.ts';
import type { LogEntry } from '../../src/bus/bus.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import type { StateSnapshot } from '../../src/coordination/records.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { apply, emptyState } from '../../src/coordination/state.ts';
import {
  bytesFor,
  commandId,
  descriptorOf,
  digestOfNumber,
  EVERYONE,
  entries,
  entryOf,
  idOfNumber,
  PlayedState,
  rules,
  START_MS,
  signed,
  wholeLife,
} from './world.ts';

const COLLABORATIONS = 3;

const digit = fc.constantFrom('1', '2').map((text) => text.repeat(64));
const about = fc.nat(COLLABORATIONS);
const author = fc.constantFrom(...EVERYONE);

/** Any body of any kind, on one of a few collaborations, so that many fit. */
const body: fc.Arbitrary<CommandBody> = fc
  .tuple(about, digit, fc.constantFrom(1, 1, 1, 2))
  .chain(([number, digest, attempt]) => {
    const collaboration = idOfNumber(number);
    const own = digestOfNumber(number);
    return fc.constantFrom<CommandBody[]>(
      { kind: 'create', descriptor: descriptorOf(number) },
      { kind: 'register', collaboration, as: 'input' },
      { kind: 'register', collaboration, as: 'output', notify: 'https://analyst.example/told' },
      { kind: 'approve', collaboration, attempt: 1, descriptor: own },
      { kind: 'approve', collaboration, attempt: 1, descriptor: digest },
      { kind: 'randomnessReady', collaboration, attempt },
      { kind: 'uploaded', collaboration, attempt: 1, rows: digest },
      { kind: 'bound', collaboration, attempt, binding: digest },
      { kind: 'resultStored', collaboration, attempt: 1, outputs: digest },
      { kind: 'received', collaboration, attempt: 1 },
      { kind: 'fail', collaboration, attempt: 1, reason: { code: 'test.reason', message: 'no' } },
      { kind: 'cancel', collaboration },
      { kind: 'expire', collaboration },
      { kind: 'withdraw', collaboration, attempt },
      { kind: 'close', collaboration, attempt },
      { kind: 'rerun', collaboration, attempt: 2 },
    );
  });

type Act =
  | { readonly act: 'say'; readonly author: Address; readonly body: CommandBody }
  /** The step of a whole life that comes next for that collaboration. */
  | { readonly act: 'live'; readonly number: number }
  | { readonly act: 'repeat'; readonly back: number }
  /** An earlier id of the same author for something else. */
  | { readonly act: 'reuse'; readonly back: number; readonly body: CommandBody }
  | { readonly act: 'forge'; readonly author: Address; readonly signer: Address; readonly body: CommandBody }
  | { readonly act: 'garbage'; readonly data: Uint8Array }
  /** A well signed command with one byte changed. */
  | { readonly act: 'bend'; readonly at: number; readonly author: Address; readonly body: CommandBody };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ act: fc.constant('live' as const), number: fc.nat(COLLABORATIONS - 1) }),
  },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('say' as const), author, body }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('repeat' as const), back: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('reuse' as const), back: fc.nat(5), body }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('forge' as const), author, signer: author, body }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('garbage' as const), data: fc.uint8Array({ maxLength: 60 }) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('bend' as const), at: fc.nat(400), author, body }) },
);

/** A log of those acts; times jump back and forth, as after a change of the broker's leader. */
function logOf(acts: readonly Act[], jumpsMs: readonly number[]): LogEntry[] {
  const log = entries();
  const said: { readonly author: Address; readonly id: string; readonly data: Uint8Array }[] = [];
  const lived = new Map<number, number>();
  const nextOf = (item: Act, index: number): LogEntry => {
    const id = commandId(index);
    const timeMs = START_MS + index * 1000 + (jumpsMs[index % jumpsMs.length] ?? 0);
    const say = (who: Address, what: CommandBody): Uint8Array => {
      const data = bytesFor(who, what, id);
      said.push({ author: who, id, data });
      return data;
    };
    switch (item.act) {
      case 'say':
        return log.next(say(item.author, item.body), timeMs);
      case 'live': {
        const step = lived.get(item.number) ?? 0;
        const life = wholeLife(item.number);
        lived.set(item.number, (step + 1) % life.length);
        return log.next(say(...life[step]!), timeMs);
      }
      case 'repeat':
        return log.next(said.at(-1 - item.back)?.data ?? new Uint8Array(), timeMs);
      case 'reuse': {
        const earlier = said.at(-1 - item.back);
        return log.next(
          earlier === undefined ? new Uint8Array() : bytesFor(earlier.author, item.body, earlier.id),
          timeMs,
        );
      }
      case 'forge':
        return log.next(entryOf(signed(item.author, item.body, id, item.signer)), timeMs);
      case 'garbage':
        return log.next(item.data, timeMs);
      case 'bend': {
        const data = bytesFor(item.author, item.body, id);
        data[item.at % data.length]! ^= 1;
        return log.next(data, timeMs);
      }
    }
  };
  return acts.map(nextOf);
}

const played = (log: readonly LogEntry[], from: StateSnapshot = emptyState(rules)): PlayedState => {
  const state = new PlayedState(rules, from);
  for (const entry of log) state.applyOne(entry);
  return state;
};

const logs = fc
  .tuple(
    fc.array(act, { minLength: 1, maxLength: 50, size: 'max' }),
    fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 1, maxLength: 7 }),
  )
  .map(([acts, jumps]) => logOf(acts, jumps));

test('two replicas, a restored one and the pure function agree on every log', () => {
  const seen = { accepted: 0, refused: 0, duplicates: 0, skipped: 0 };
  const statuses = new Set<string>();
  fc.assert(
    fc.property(logs, fc.nat(), (log, cut) => {
      const at = cut % (log.length + 1);
      const whole = played(log);
      const digest = stateDigest(whole.snapshot());
      assert.equal(stateDigest(played(log).snapshot()), digest, 'a second replica agrees');
      const saved: StateSnapshot = JSON.parse(JSON.stringify(played(log.slice(0, at)).snapshot()));
      assert.equal(
        stateDigest(played(log.slice(at), saved).snapshot()),
        digest,
        'a saved state and the rest are the whole',
      );
      const pure = log.reduce((state, entry) => apply(rules, state, entry).state, emptyState(rules));
      assert.equal(stateDigest(pure), digest, 'the pure function agrees');
      const { counters } = whole;
      assert.equal(counters.accepted + counters.refused + counters.duplicates + counters.skipped, log.length);
      for (const key of ['accepted', 'refused', 'duplicates', 'skipped'] as const) seen[key] += counters[key];
      for (const { status } of whole.collaborations()) statuses.add(status);
    }),
    { numRuns: 30 },
  );
  for (const [kind, count] of Object.entries(seen))
    assert.ok(count > 20, `expected many ${kind}, saw ${count}`);
  assert.ok(statuses.size >= 5, `expected many statuses, saw ${[...statuses].join(', ')}`);
});

test('entries that are skipped, refused or repeated change no collaboration', () => {
  let unchanged = 0;
  fc.assert(
    fc.property(logs, (log) => {
      const state = new PlayedState(rules);
      for (const entry of log) {
        const before = JSON.stringify(state.collaborations());
        const { outcome, duplicate } = state.applyOne(entry);
        if (outcome.ok && !duplicate) continue;
        assert.equal(JSON.stringify(state.collaborations()), before);
        unchanged++;
      }
    }),
    { numRuns: 30 },
  );
  assert.ok(unchanged > 100, `expected many such entries, saw ${unchanged}`);
});

test('a replica that lacks one entry has another digest', () => {
  const log = entries();
  const bytes = wholeLife().map(([who, what], index) => bytesFor(who, what, commandId(index)));
  const whole = played(bytes.map((data) => log.next(data)));
  const other = entries();
  const bent = played(bytes.map((data, index) => other.next(index === 5 ? utf8.encode('{}') : data)));
  assert.notEqual(stateDigest(whole.snapshot()), stateDigest(bent.snapshot()));
  assert.notEqual(whole.snapshot().chain, bent.snapshot().chain);
});

test('a repeated command gets its first outcome, also when it was refused', () => {
  const log = entries();
  const state = new PlayedState(rules);
  const [[creator, create]] = wholeLife() as [readonly [Address, CommandBody]];
  const cancel = bytesFor('party-acme', { kind: 'cancel', collaboration: idOfNumber(0) }, commandId(7));
  const refused = state.applyOne(log.next(cancel));
  assert.equal(refused.outcome.ok, false);
  state.applyOne(log.next(bytesFor(creator, create, commandId(1))));
  const again = state.applyOne(log.next(cancel));
  assert.deepEqual([again.outcome, again.duplicate], [refused.outcome, true]);
});

test('an id of one author is no concern of another, and stands for one command only', () => {
  const log = entries();
  const state = new PlayedState(rules);
  const [creator, create] = wholeLife()[0]!;
  state.applyOne(log.next(bytesFor(creator, create, commandId(1))));
  const approve = (who: Address, id: number) =>
    state.applyOne(
      log.next(
        bytesFor(
          who,
          { kind: 'approve', collaboration: idOfNumber(0), attempt: 1, descriptor: digestOfNumber(0) },
          commandId(id),
        ),
      ),
    );
  assert.deepEqual([approve('party-acme', 1).outcome.ok, approve('party-acme', 1).duplicate], [true, true]);
  const reused = approve('party-analyst', 1).outcome;
  assert.equal(reused.ok ? '' : reused.error.code, 'command.id-reused');
});

test('log time never runs backwards', () => {
  const log = entries();
  const state = new PlayedState(rules);
  state.applyOne(log.next(new Uint8Array(), START_MS + 9000));
  const { timeMs } = state.applyOne(log.next(new Uint8Array(), START_MS));
  assert.equal(timeMs, START_MS + 9000);
});

test('a saved state of another deployment is refused', () => {
  assert.throws(() => new PlayedState(rules, emptyState({ ...rules, deployment: 'other' })), {
    code: 'state.other',
  });
});
