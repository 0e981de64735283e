import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { sessionMachine } from '../../roles/session.ts';
import { bindingDigest } from '../../src/coordination/binding.ts';
import { done, error, type Happening, play } from './play.ts';
import { assertWholeChart, walk } from './walk.ts';

const input = {
  collaboration: 'c'.repeat(20),
  descriptor: 'd'.repeat(64),
  attempt: 1,
  server: 'server-a',
  outputs: ['acme', 'city'],
  deadlineMs: 1000,
};
const reason = { code: 'collaboration.too-few-parties', message: 'too few input parties' };
const rows = { acme: 'rows of acme', bolt: 'rows of bolt' };
const TAPE = 'f'.repeat(32);
const binding = bindingDigest({ descriptor: input.descriptor, attempt: 1, tape: TAPE, rows });
const collected = done('collectInputs', {
  sources: {},
  rows: Object.entries(rows).map(([party, digest]) => ({ party, digest })),
});
const uploaded = (party: 'acme' | 'bolt', digest: string = rows[party]): Happening => ({
  type: 'log.uploaded',
  author: `party-${party}`,
  rows: digest,
});
const bound = (author: string, digest = binding): Happening => ({
  type: 'log.bound',
  author,
  attempt: 1,
  binding: digest,
});
const stored = (author: string, outputs = 'o'): Happening => ({ type: 'log.resultStored', author, outputs });
const received = (party: string): Happening => ({ type: 'log.received', author: `party-${party}` });

const ready = [
  done('checkDescriptor'),
  done('receiveTape', { tape: TAPE }),
  collected,
  uploaded('acme'),
  uploaded('bolt'),
];
const computing = [...ready, bound('server-a'), bound('server-b')];
const storing = [...computing, done('compute'), done('storeResult', { outputs: 'o' })];
const kinds = ({ said }: ReturnType<typeof play>) => said.map(({ action, params }) => params.kind ?? action);

test('a run goes from the descriptor to the result, saying four things to the log and shredding at the end', () => {
  const run = play(sessionMachine, input, [
    ...storing,
    stored('server-a'),
    stored('server-b'),
    received('acme'),
    received('city'),
  ]);
  assert.deepEqual(run.states, ['done']);
  assert.deepEqual(kinds(run), ['randomnessReady', 'bound', 'resultStored', 'shred']);
  assert.equal(run.said[1]?.params.binding, binding);
  assert.deepEqual(run.ignored, []);
  assert.deepEqual(run.running, []);
});

test('randomness missing while all data is there stays in init.waitingForRandomness', () => {
  const waiting = play(sessionMachine, input, [
    done('checkDescriptor'),
    collected,
    uploaded('acme'),
    uploaded('bolt'),
    { type: 'peer.present' },
  ]);
  assert.deepEqual(waiting.states, [
    'init.inputs.ready',
    'init.peer.present',
    'init.randomness.waitingForRandomness',
  ]);
  assert.deepEqual(kinds(waiting), []);
});

test('rows that are there but not confirmed by their party keep the session in init', () => {
  const waiting = play(sessionMachine, input, [
    done('checkDescriptor'),
    done('receiveTape', { tape: TAPE }),
    collected,
    uploaded('acme'),
  ]);
  assert.ok(waiting.states.includes('init.inputs.waitingForConfirmation'));
  assert.ok(waiting.states.includes('init.randomness.ready'));
});

test('what the log says early is kept until it is needed', () => {
  const early = [
    uploaded('bolt'),
    uploaded('acme'),
    bound('server-b'),
    stored('server-b'),
    received('acme'),
    done('checkDescriptor'),
    done('receiveTape', { tape: TAPE }),
    collected,
    bound('server-a'),
    done('compute'),
    done('storeResult', { outputs: 'o' }),
    received('city'),
  ];
  assert.deepEqual(play(sessionMachine, input, early).states, ['done']);
});

test('nothing is computed before both statements are in the log: not after the own one, not after the other', () => {
  assert.deepEqual(play(sessionMachine, input, ready).states, ['binding']);
  assert.deepEqual(play(sessionMachine, input, [...ready, bound('server-a')]).states, ['binding']);
  assert.deepEqual(play(sessionMachine, input, [...ready, bound('server-b')]).states, ['binding']);
  assert.deepEqual(play(sessionMachine, input, computing).states, ['compute.running']);
});

const failures: readonly [string, readonly Happening[], string][] = [
  ['a party confirmed other rows', [...ready.slice(0, -1), uploaded('bolt', 'x')], 'session.inputs-differ'],
  ['it confirmed other rows early', [uploaded('bolt', 'x'), ...ready.slice(0, -1)], 'session.inputs-differ'],
  ['the other server bound other inputs', [...ready, bound('server-b', 'x')], 'session.bindings-differ'],
  ['the other server did so early', [bound('server-b', 'x'), ...ready], 'session.bindings-differ'],
  ['the log holds another binding of its own', [bound('server-a', 'x'), ...ready], 'session.restored'],
  ['the results differ', [...storing, stored('server-b', 'x')], 'session.results-differ'],
  ['the log holds another result of its own', [stored('server-a', 'x'), ...storing], 'session.restored'],
  ['an effect broke', [...computing, error('compute', 'channel.bad-seal')], 'channel.bad-seal'],
];
for (const [what, events, code] of failures)
  test(`it fails, tells everyone why, and shreds, when ${what}`, () => {
    const run = play(sessionMachine, input, events);
    assert.deepEqual(run.states, ['failed']);
    assert.equal(run.snapshot.context.reason.code, code);
    const [fail, shred] = run.said.slice(-2);
    assert.equal(fail?.params.kind, 'fail');
    assert.equal((fail?.params.reason as { code: string } | undefined)?.code, code);
    assert.equal(shred?.action, 'shred');
  });

test('what ends in the log ends here, from every stage, without saying so again', () => {
  const ends = [
    { type: 'log.fail', author: 'party-bolt', reason: { code: 'rows.gone', message: 'no file' } },
    { type: 'log.expire', author: 'coordinator' },
    { type: 'log.cancel', author: 'party-acme' },
  ];
  let checked = 0;
  const all = [...storing, stored('server-b')];
  for (let length = 0; length <= all.length; length++)
    for (const end of ends) {
      const run = play(sessionMachine, input, [...all.slice(0, length), end]);
      assert.deepEqual(run.states, [
        { fail: 'failed', expire: 'expired', cancel: 'cancelled' }[end.type.slice(4)],
      ]);
      assert.ok(run.snapshot.context.reason.message.length > 5);
      assert.ok(!kinds(run).includes('fail'));
      assert.equal(kinds(run).at(-1), 'shred');
      checked++;
    }
  assert.equal(checked, 3 * 11);
});

test('what a party takes back before the start does not count, and the others go on', () => {
  const onlyBolt = done('collectInputs', { sources: {}, rows: [{ party: 'bolt', digest: rows.bolt }] });
  const run = play(sessionMachine, input, [
    done('checkDescriptor'),
    done('receiveTape', { tape: TAPE }),
    uploaded('acme'),
    { type: 'log.withdraw', author: 'party-acme' },
    uploaded('bolt'),
    { type: 'log.close', author: 'coordinator' },
    onlyBolt,
  ]);
  assert.deepEqual([run.states, run.ignored], [['binding'], []]);
  const expected = bindingDigest({ ...input, tape: TAPE, rows: { bolt: rows.bolt } });
  assert.equal(run.said.at(-1)?.params.binding, expected);
});

test('rows of a party that the log does not name are never tied to a tape', () => {
  const waiting = [done('checkDescriptor'), done('receiveTape', { tape: TAPE }), collected, uploaded('acme')];
  assert.ok(play(sessionMachine, input, waiting).states.includes('init.inputs.waitingForConfirmation'));
  const missing = done('collectInputs', { sources: {}, rows: [{ party: 'acme', digest: rows.acme }] });
  const run = play(sessionMachine, input, [
    ...waiting.slice(0, 2),
    uploaded('acme'),
    uploaded('bolt'),
    missing,
  ]);
  assert.equal(run.snapshot.context.reason.code, 'session.inputs-differ');
});

test('a descriptor that differs between the two servers stops both, before anything is opened', () => {
  const servers = (['server-a', 'server-b'] as const).map((server, at) => ({
    ...input,
    server,
    descriptor: String(at).repeat(64),
  }));
  const said = servers.map((own) => String(play(sessionMachine, own, ready).said.at(-1)?.params.binding));
  assert.notEqual(said[0], said[1]);
  for (const own of servers) {
    const run = play(sessionMachine, own, [
      ...ready,
      ...said.map((binding, at) => bound(servers[at]!.server, binding)),
    ]);
    assert.deepEqual([run.states, run.snapshot.context.reason.code], [['failed'], 'session.bindings-differ']);
    assert.deepEqual(run.running, []);
  }
});

test('servers that hold different halves of an earlier result never compute on it together', () => {
  const said = ['one', 'other'].map((digest) => {
    const read = done('collectInputs', { rows: [], sources: { 'result:x.1': digest } });
    const run = play(sessionMachine, input, [...ready.slice(0, 2), read]);
    return run.said.at(-1)?.params.binding;
  });
  assert.ok(said.every((binding) => typeof binding === 'string'));
  assert.notEqual(said[0], said[1]);
});

test('too few parties that are left end it with the reason of the log', () => {
  for (const type of ['log.withdraw', 'log.close']) {
    const end = { type, author: 'party-bolt', status: 'failed', ended: reason };
    const run = play(sessionMachine, input, [...ready.slice(0, 2), end]);
    assert.deepEqual(
      [run.states, run.snapshot.context.reason, kinds(run).at(-1)],
      [['failed'], reason, 'shred'],
    );
    assert.ok(!kinds(run).includes('fail'), 'the log knows');
  }
});

test('a peer that is lost while computing is waited for, and the computation keeps running', () => {
  const lost = play(sessionMachine, input, [...computing, { type: 'peer.lost' }]);
  assert.deepEqual(lost.states, ['compute.waitingForPeer']);
  assert.deepEqual(lost.running, ['compute']);
  const back = play(sessionMachine, input, [
    ...computing,
    { type: 'progress', round: 1, rounds: 9 },
    { type: 'peer.lost' },
    { type: 'peer.back' },
    { type: 'progress', round: 2, rounds: 9 },
  ]);
  assert.deepEqual(back.states, ['compute.running']);
  assert.deepEqual([back.snapshot.context.round, back.snapshot.context.rounds], [2, 9]);
});

test('every edge of the chart is walked, and an end can be reached from every state', () => {
  const small = { ...input, outputs: ['acme'] };
  const oneRow = { acme: rows.acme };
  const equal = bindingDigest({ descriptor: input.descriptor, attempt: 1, tape: TAPE, rows: oneRow });
  const inState = (snapshot: AnyMachineSnapshot, ...values: string[]) =>
    values.some((value) => snapshot.matches(value));
  const events = (snapshot: AnyMachineSnapshot): EventObject[] => [
    { type: 'log.fail', author: 'server-b', reason: { code: 'x', message: 'x' } } as EventObject,
    { type: 'log.expire', author: 'coordinator' } as EventObject,
    { type: 'log.cancel', author: 'party-acme' } as EventObject,
    { type: 'log.withdraw', author: 'party-acme' } as EventObject,
    { type: 'log.withdraw', author: 'party-acme', status: 'failed', ended: reason } as EventObject,
    { type: 'log.close', author: 'coordinator', status: 'failed', ended: reason } as EventObject,
    ...(inState(snapshot, 'checking', 'init') ? [uploaded('acme'), uploaded('acme', 'x')] : []),
    ...(inState(snapshot, 'checking', 'binding')
      ? ['server-a', 'server-b'].flatMap((server) => [bound(server, equal), bound(server, 'x')])
      : []),
    ...(inState(snapshot, 'compute', 'storing')
      ? ['server-a', 'server-b'].flatMap((server) => [stored(server), stored(server, 'x')])
      : []),
    ...(inState(snapshot, 'compute') ? [{ type: 'progress', round: 1, rounds: 2 }] : []),
    ...(inState(snapshot, 'init') ? [{ type: 'peer.present' }] : [{ type: 'peer.back' }]),
    { type: 'peer.lost' },
    ...(inState(snapshot, 'storing', 'holding') ? [received('acme')] : []),
  ];
  const outputs = {
    collectInputs: { sources: {}, rows: [{ party: 'acme', digest: rows.acme }] },
    storeResult: { outputs: 'o' },
    receiveTape: { tape: TAPE },
  };
  const all = walk(sessionMachine, { input: small, events, outputs });
  assertWholeChart(sessionMachine, [all]);
  assert.ok(all.reached.length > 200, `${all.reached.length} states`);
});
