import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyMachineSnapshot, type AnyStateMachine, transition } from 'xstate';
import { clientMachine } from '../../roles/client.ts';
import { coordinatorMachine } from '../../roles/coordinator.ts';
import { serverMachine } from '../../roles/server.ts';
import { done, error, type Happening, play } from './play.ts';
import { assertWholeChart, walk } from './walk.ts';

const stopped = (snapshot: AnyMachineSnapshot) => snapshot.value === 'stopped';
const events = () => [{ type: 'boot' }, { type: 'drain' }, { type: 'peer.present' }, { type: 'peer.lost' }];

const roots: readonly [string, AnyStateMachine, object | undefined, number][] = [
  ['server', serverMachine, { server: 'server-a' }, 6],
  ['client', clientMachine, undefined, 4],
  ['coordinator', coordinatorMachine, undefined, 4],
];

for (const [name, machine, input, leaves] of roots)
  test(`every edge of the ${name}'s chart is walked, and it can be stopped from everywhere`, () => {
    const all = walk(machine, { ...(input && { input }), events, isEnd: stopped });
    assertWholeChart(machine, [all]);
    const values = new Set(all.reached.map(({ value }) => JSON.stringify(value)));
    assert.equal(values.size, leaves);
  });

test('a server that has lost its peer says so, and keeps serving until it is back', () => {
  const steps: readonly (readonly [Happening, string])[] = [
    [{ type: 'peer.lost' }, 'init.connecting'],
    [done('connect'), 'init.waitingForPeer'],
    [{ type: 'peer.lost' }, 'init.waitingForPeer'],
    [{ type: 'peer.present' }, 'serving.withPeer'],
    [{ type: 'peer.lost' }, 'serving.withoutPeer'],
    [{ type: 'peer.present' }, 'serving.withPeer'],
    [{ type: 'drain' }, 'draining'],
    [done('drain'), 'stopped'],
    [{ type: 'boot' }, 'init.connecting'],
  ];
  for (const [index, [, state]] of steps.entries()) {
    const events = steps.slice(0, index + 1).map(([event]) => event);
    const run = play(serverMachine, { server: 'server-a' }, events);
    assert.deepEqual([run.states, run.ignored], [[state], []]);
  }
});

test('a role whose effect fails stops, and says why', () => {
  const runs = [
    play(serverMachine, { server: 'server-a' }, [error('connect', 'bus.denied')]),
    play(serverMachine, { server: 'server-a' }, [
      done('connect'),
      { type: 'peer.present' },
      error('watchPeer', 'bus.denied'),
    ]),
    play(clientMachine, {}, [error('connect', 'bus.denied')]),
    play(coordinatorMachine, {}, [error('catchUp', 'bus.denied')]),
    play(coordinatorMachine, {}, [done('catchUp'), error('serveRequests', 'bus.denied')]),
    play(coordinatorMachine, {}, [done('catchUp'), error('watchDeadlines', 'bus.denied')]),
    play(coordinatorMachine, {}, [done('catchUp'), error('deliverNotices', 'bus.denied')]),
    play(clientMachine, {}, [done('connect'), { type: 'drain' }, error('drain', 'bus.denied')]),
  ];
  for (const run of runs) {
    assert.deepEqual(run.states, ['stopped']);
    assert.equal(run.snapshot.context.reason.code, 'bus.denied');
  }
});

test('a coordinator serves and watches deadlines once it has caught up, not before', () => {
  assert.deepEqual(play(coordinatorMachine, {}, []).running, ['catchUp']);
  assert.deepEqual(play(coordinatorMachine, {}, [done('catchUp')]).running, [
    'deliverNotices',
    'serveRequests',
    'watchDeadlines',
  ]);
});

test('after a boot a role that was stopped for a reason has forgotten it and connects again', () => {
  const [failed] = walk(clientMachine, { events, isEnd: stopped }).reached.filter(
    ({ context, value }) => value === 'stopped' && context.reason !== null,
  );
  assert.ok(failed);
  const [after] = transition(clientMachine, clientMachine.resolveState(failed), { type: 'boot' });
  assert.equal(after.value, 'init');
  assert.equal(after.context.reason, null);
});
