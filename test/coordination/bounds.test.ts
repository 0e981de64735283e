/**
 * What a descriptor must fit when it reaches the log, how much is kept, and when collaborations expire.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import { COLLABORATIONS, collaborationsChapter } from '../../src/coordination/collaborations.ts';
import { KEPT_COLLABORATIONS, OPEN_PER_CREATOR } from '../../src/coordination/decide.ts';
import { collaborationId, type Descriptor, descriptorDigest } from '../../src/coordination/descriptor.ts';
import type { LifecycleChart } from '../../src/coordination/lifecycle.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { emptyState, REMEMBERED_COMMANDS } from '../../src/coordination/state.ts';
import { overdueCommands } from '../../src/coordination/watch-deadlines.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import {
  bytesFor,
  collaborationRules,
  commandId,
  DEADLINE_MS,
  descriptorOf,
  entries,
  idOfNumber,
  PlayedState,
  rules,
  START_MS,
  wholeLife,
} from './world.ts';

const KEY = createIdentity(systemRandom).publicKey;

function sayer(state: PlayedState) {
  const log = entries(state.sequence);
  let count = 0;
  return (author: Address, body: CommandBody, timeMs?: number): string => {
    const { outcome } = state.applyOne(log.next(bytesFor(author, body, commandId(++count)), timeMs));
    return outcome.ok ? 'ok' : outcome.error.code;
  };
}

test('a descriptor that does not fit is refused by the log itself', () => {
  const state = new PlayedState(rules);
  const say = sayer(state);
  const good = descriptorOf();
  const cases: readonly (readonly [Partial<Descriptor>, string])[] = [
    [{ outputs: ['beta', 'analyst'] }, 'descriptor.order'],
    [{ keys: { ...good.keys, 'party-other': KEY } }, 'descriptor.key-unknown'],
    [{ keys: { ...good.keys, 'server-a': KEY } }, 'descriptor.key-mismatch'],
    [{ keys: { ...good.keys, 'party-acme': KEY } }, 'descriptor.key-mismatch'],
    [
      { outputs: ['analyst', 'nobody'], keys: { ...good.keys, 'party-nobody': KEY } },
      'descriptor.key-mismatch',
    ],
    [{ deadlineMs: START_MS }, 'descriptor.deadline-passed'],
  ];
  for (const [change, code] of cases)
    assert.equal(say('party-analyst', { kind: 'create', descriptor: { ...good, ...change } }), code);
  assert.equal(say('server-a', { kind: 'create', descriptor: good }), 'command.not-allowed');
  assert.equal(say('party-stranger', { kind: 'create', descriptor: good }), 'command.not-allowed');
  assert.equal(say('party-analyst', { kind: 'create', descriptor: good }), 'ok');
  assert.equal(state.counters.refused, cases.length + 2);
});

test('one creator cannot have more than a bounded number of open collaborations', () => {
  const state = new PlayedState(rules);
  const say = sayer(state);
  const nonce = (number: number): Descriptor => ({ ...descriptorOf(), nonce: commandId(number) });
  for (let number = 0; number < OPEN_PER_CREATOR; number++)
    assert.equal(say('party-analyst', { kind: 'create', descriptor: nonce(number) }), 'ok');
  const more = { kind: 'create', descriptor: nonce(OPEN_PER_CREATOR) } as const;
  assert.equal(say('party-analyst', more), 'collaboration.too-many');
  assert.equal(say('party-acme', more), 'ok');
  const [first] = state.collaborations();
  assert.equal(say('party-analyst', { kind: 'cancel', collaboration: first!.id }), 'ok');
  assert.equal(say('party-analyst', { kind: 'create', descriptor: nonce(OPEN_PER_CREATOR + 1) }), 'ok');
});

test('ended collaborations make room after their deadline, and cannot be created again then', () => {
  const base = new PlayedState(rules);
  const saying = sayer(base);
  assert.equal(saying('party-analyst', { kind: 'create', descriptor: descriptorOf() }), 'ok');
  assert.equal(saying('party-analyst', { kind: 'cancel', collaboration: idOfNumber(0) }), 'ok');
  const [one] = base.collaborations() as [Collaboration];
  const collaborations = Array.from({ length: KEPT_COLLABORATIONS }, (_, index) => {
    const descriptor = { ...one.descriptor, nonce: commandId(index) };
    const digest = descriptorDigest(descriptor);
    return { ...one, id: collaborationId(digest), digest, descriptor, changedMs: START_MS + index };
  });
  const oldest = collaborations[0]!;
  const full = new PlayedState(rules, {
    ...emptyState(rules),
    tables: [
      {
        chapter: COLLABORATIONS,
        table: COLLABORATIONS,
        rows: collaborations.map((item) => [item.id, item] as const),
      },
    ],
  });
  const say = sayer(full);
  const fresh = { ...descriptorOf(), deadlineMs: DEADLINE_MS + 10_000 };
  const again = { ...fresh, nonce: commandId(9) };
  assert.equal(
    say('party-analyst', { kind: 'create', descriptor: fresh }, DEADLINE_MS - 1),
    'collaboration.no-room',
  );
  assert.equal(say('party-analyst', { kind: 'create', descriptor: again }, DEADLINE_MS), 'ok');
  assert.equal(full.collaborations().length, KEPT_COLLABORATIONS);
  assert.equal(full.collaboration(oldest.id), undefined, 'the one that ended first is forgotten');
  assert.equal(
    say('party-analyst', { kind: 'create', descriptor: oldest.descriptor }),
    'descriptor.deadline-passed',
  );
});

test('a chart that fails refuses the command on every replica, and the log is read on', () => {
  const failing: LifecycleChart = {
    ...collaborationRules.chart,
    step: (snapshot, event) => {
      if (event.type === 'uploaded') throw new Error('a fault of the chart');
      return collaborationRules.chart.step(snapshot, event);
    },
  };
  const chapters = [collaborationsChapter({ ...collaborationRules, chart: failing })];
  const playing = () => new PlayedState({ ...rules, chapters });
  const replicas = [playing(), playing()];
  const told = replicas.map((state) => {
    const say = sayer(state);
    return wholeLife()
      .slice(0, 6)
      .map(([author, body]) => say(author, body));
  });
  assert.deepEqual(told[0], ['ok', 'ok', 'ok', 'ok', 'collaboration.chart-fault', 'ok']);
  assert.deepEqual(told[1], told[0]);
  assert.equal(stateDigest(replicas[0]!.snapshot()), stateDigest(replicas[1]!.snapshot()));
});

test('the log refuses to expire what is not due, and expires what is by its own time', () => {
  const state = new PlayedState(rules);
  const say = sayer(state);
  const expire = { kind: 'expire', collaboration: idOfNumber(0) } as const;
  say('party-analyst', { kind: 'create', descriptor: descriptorOf() });
  assert.equal(say('coordinator', expire, DEADLINE_MS - 1), 'collaboration.not-expired');
  assert.equal(say('coordinator', expire, DEADLINE_MS), 'ok');
  assert.equal(state.collaboration(idOfNumber(0))?.status, 'expired');
});

test('coordinators see the same expiries under the same ids, with a margin for the clocks', () => {
  const state = new PlayedState(rules);
  const say = sayer(state);
  for (const number of [0, 1, 2]) say('party-analyst', { kind: 'create', descriptor: descriptorOf(number) });
  say('party-analyst', { kind: 'cancel', collaboration: idOfNumber(2) });
  assert.deepEqual(overdueCommands(state, DEADLINE_MS), []);
  const due = overdueCommands(state, DEADLINE_MS + 2000);
  assert.deepEqual(
    due.map(({ body }) => body),
    [idOfNumber(0), idOfNumber(1)].sort().map((collaboration) => ({ kind: 'expire', collaboration })),
  );
  const minute = Math.ceil((DEADLINE_MS + 2000) / 60_000) * 60_000;
  assert.deepEqual(overdueCommands(state, minute + 30_000), overdueCommands(state, minute));
  const ids = [...due, ...overdueCommands(state, DEADLINE_MS + 300_000)].map(({ commandId: id }) => id);
  assert.equal(new Set(ids).size, 4, 'a later minute has other ids: a refusal is not for ever');
  for (const { body, commandId: id } of due)
    state.applyOne({
      sequence: state.sequence + 1,
      timeMs: DEADLINE_MS + 2000,
      data: bytesFor('coordinator', body, id),
    });
  assert.deepEqual(overdueCommands(state, DEADLINE_MS + 300_000), []);
});

test('the oldest outcomes are forgotten, and what is forgotten and said again changes nothing', () => {
  const outcome = { ok: true, sequence: 1 } as const;
  const remembered = Array.from({ length: REMEMBERED_COMMANDS }, (_, index) => ({
    chapter: COLLABORATIONS,
    by: 'dealer',
    id: commandId(index),
    digest: '',
    outcome,
  }));
  const state = new PlayedState(rules, { ...emptyState(rules), remembered });
  const say = sayer(state);
  assert.equal(say('party-analyst', { kind: 'create', descriptor: descriptorOf() }), 'ok');
  const kept = state.snapshot().remembered;
  assert.equal(kept.length, REMEMBERED_COMMANDS);
  assert.deepEqual([kept[0]?.id, kept.at(-1)?.by], [commandId(1), 'party-analyst']);
  const forgetful = new PlayedState(rules, { ...state.snapshot(), remembered: [] });
  const before = JSON.stringify(forgetful.collaborations());
  assert.equal(
    sayer(forgetful)('party-analyst', { kind: 'create', descriptor: descriptorOf() }),
    'collaboration.exists',
  );
  assert.equal(JSON.stringify(forgetful.collaborations()), before);
});
