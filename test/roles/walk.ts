/**
 * Owns walking a chart: every state reachable by a set of events, and every transition taken on the way.
 * States are told apart by value and context, so that guards see all the facts they may meet.
 */
import assert from 'node:assert/strict';
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createEmptyActor,
  type EventObject,
} from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

type StateNode = AnyStateMachine['root'];
type Transition = StateNode['transitions'] extends Map<string, (infer T)[]> ? T : never;

export interface Walk {
  /** Every transition of the chart, as text. */
  readonly edges: ReadonlySet<string>;
  readonly walked: ReadonlySet<string>;
  /** Reached snapshots, by value and context. */
  readonly reached: readonly AnyMachineSnapshot[];
  /** Reached snapshots from which no end can be reached. */
  readonly stuck: readonly AnyMachineSnapshot[];
}

export interface WalkOptions {
  readonly input?: object;
  /** Events from outside that may come in a state. Ends of running effects are added by `outputs`. */
  readonly events: (snapshot: AnyMachineSnapshot) => readonly EventObject[];
  /** What effects resolve with, by id. Each may also fail, with each of `errors`. */
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly object[];
  /** An end of the chart; by default that it is done. */
  readonly isEnd?: (snapshot: AnyMachineSnapshot) => boolean;
}

interface Adjacent {
  readonly state: AnyMachineSnapshot;
  readonly transitions: Readonly<Record<string, { readonly state: AnyMachineSnapshot }>>;
}

export function nodesOf(machine: AnyStateMachine): StateNode[] {
  const below = (node: StateNode): StateNode[] => [node, ...Object.values(node.states).flatMap(below)];
  return below(machine.root);
}

const FAULT = { code: 'test.fault', message: 'it broke' };

export function walk(machine: AnyStateMachine, options: WalkOptions): Walk {
  const { input, events, outputs = {}, errors = [FAULT] } = options;
  const isEnd = options.isEnd ?? ((snapshot) => snapshot.status === 'done');
  const walked = new Set<string>();
  const self = createEmptyActor();
  self.system.inspect((inspected) => {
    if (!('_transitions' in inspected) || !Array.isArray(inspected._transitions)) return;
    for (const transition of inspected._transitions as Transition[]) walked.add(edgeOf(transition));
  });
  const nothing = () => {};
  const scope: AnyActorScope = {
    self,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    emit: nothing,
    system: self.system,
    stopChild: nothing,
    actionExecutor: nothing,
  };
  const logic = {
    transition: (snapshot: AnyMachineSnapshot, event: EventObject) =>
      plain(machine, machine.transition(snapshot, event, scope)),
    getInitialSnapshot: () => plain(machine, machine.getInitialSnapshot(scope, input)),
  };
  const map = getAdjacencyMap(logic as unknown as AnyStateMachine, {
    // only these two methods are used
    events: (snapshot: AnyMachineSnapshot) =>
      snapshot.status !== 'active' ? [] : [...events(snapshot), ...endsOfEffects(snapshot, outputs, errors)],
    serializeState: keyOf,
    limit: 500_000,
  });
  // xstate's map has no index signature in its type
  const steps = Object.values(map as unknown as Record<string, Adjacent>).map(({ state, transitions }) => ({
    state,
    next: Object.values(transitions).map((transition) => keyOf(transition.state)),
  }));
  const ending = new Set(steps.filter(({ state }) => isEnd(state)).map(({ state }) => keyOf(state)));
  for (let before = -1; before !== ending.size; ) {
    before = ending.size;
    for (const { state, next } of steps) if (next.some((key) => ending.has(key))) ending.add(keyOf(state));
  }
  return {
    edges: new Set(edgesOf(machine)),
    walked,
    reached: steps.map(({ state }) => state),
    stuck: steps.map(({ state }) => state).filter((state) => !ending.has(keyOf(state))),
  };
}

/** Every edge was walked, every state entered, and an end can be reached from everywhere; of all walks together. */
export function assertWholeChart(machine: AnyStateMachine, walks: readonly Walk[]): void {
  const walked = new Set(walks.flatMap((one) => [...one.walked]));
  const edges = edgesOf(machine);
  assert.ok(edges.length > 0, 'the chart has edges');
  assert.deepEqual(
    edges.filter((edge) => !walked.has(edge)),
    [],
    'edges that no walk took',
  );
  const entered = new Set(
    walks.flatMap(({ reached }) => reached.flatMap(({ _nodes }) => _nodes.map(({ id }) => id))),
  );
  const leaves = nodesOf(machine).filter(
    ({ type, always }) => (type === 'atomic' && !always?.length) || type === 'final',
  );
  assert.ok(leaves.length > 0, 'the chart has states to rest in');
  assert.deepEqual(
    leaves.map(({ id }) => id).filter((id) => !entered.has(id)),
    [],
    'states that no walk entered',
  );
  assert.deepEqual(
    walks.flatMap(({ stuck }) => stuck.map(keyOf)),
    [],
    'states that lead nowhere',
  );
}

function plain(machine: AnyStateMachine, { value, context }: AnyMachineSnapshot): AnyMachineSnapshot {
  return machine.resolveState({ value, context });
}

function keyOf({ value, context }: AnyMachineSnapshot): string {
  return JSON.stringify([value, context]);
}

function endsOfEffects(
  snapshot: AnyMachineSnapshot,
  outputs: Readonly<Record<string, unknown>>,
  errors: readonly object[],
): EventObject[] {
  return snapshot._nodes.flatMap(({ invoke }) =>
    invoke.flatMap(({ id }): EventObject[] => [
      { type: `xstate.done.actor.${id}`, output: outputs[id], actorId: id } as EventObject,
      ...errors.map((error) => ({ type: `xstate.error.actor.${id}`, error, actorId: id }) as EventObject),
    ]),
  );
}

function edgesOf(machine: AnyStateMachine): string[] {
  return nodesOf(machine)
    .flatMap((node) => [...node.transitions.values(), node.always ?? []].flat())
    .map(edgeOf);
}

/** `session.compute.running --peer.lost 0--> session.compute.waitingForPeer` */
function edgeOf(transition: Transition): string {
  const { source, eventType, target } = transition;
  const siblings = eventType === '' ? (source.always ?? []) : (source.transitions.get(eventType) ?? []);
  const place = siblings.findIndex((sibling: Transition) => sibling === transition);
  return `${source.id} --${eventType === '' ? 'always' : eventType} ${place}--> ${target?.map(({ id }) => id).join() ?? '(stays)'}`;
}
