import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyMachineSnapshot, type AnyStateMachine, transition } from 'xstate';
import { clientMachine } from '../../roles/client.ts';
import { coordinatorMachine } from '../../roles/coordinator.ts';
import { serverMachine } from '../../roles/server.ts';
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

test('a server that has lost its peer says so, and keeps serving', () => {
  const all = walk(serverMachine, { input: { server: 'server-b' }, events, isEnd: stopped });
  assert.ok(all.walked.has('server.serving.withPeer --peer.lost 0--> server.serving.withoutPeer'));
  assert.ok(all.reached.some(({ value }) => JSON.stringify(value) === '{"serving":"withoutPeer"}'));
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
