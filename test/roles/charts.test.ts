import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyStateMachine } from 'xstate';
import { machinesByRole } from '../../roles/index.ts';
import { nodesOf } from './walk.ts';

const machines: AnyStateMachine[] = Object.values(machinesByRole).flatMap((byName) => Object.values(byName));

test('every state of every chart says in a sentence what it means', () => {
  const nodes = machines.flatMap(nodesOf);
  assert.ok(nodes.length > 60, `only ${nodes.length} states were checked`);
  for (const { id, description } of nodes)
    assert.match(description ?? '', /^[A-Z].{15,}\.$/s, `${id} has no sentence: ${description}`);
});

test('every invoked effect has a name, and its error leads somewhere', () => {
  const invokes = machines
    .flatMap(nodesOf)
    .flatMap((node) => node.invoke.map((invoke) => ({ node, invoke })));
  assert.ok(invokes.length > 20, `only ${invokes.length} invokes were checked`);
  for (const { node, invoke } of invokes) {
    assert.equal(typeof invoke.src, 'string', `${node.id} invokes something without a name`);
    assert.ok(node.transitions.has(`xstate.error.actor.${invoke.id}`), `${node.id}: ${invoke.id} may fail`);
  }
});

test('no chart waits by a timer that a restart would forget', () => {
  let checked = 0;
  for (const node of machines.flatMap(nodesOf)) {
    assert.equal(node.after.length, 0, node.id);
    checked++;
  }
  assert.ok(checked > 60);
});
