/**
 * Owns the pure half of the host: what one event does to one machine's state, as data.
 * Must never run anything: actions come back as items to deliver, invokes as effects to start or stop.
 *
 * After every step the state is read back from its stored text, so that an actor behaves before a crash exactly as after it.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { canonicalJson, digestOf, type Json } from '../base/canonical.ts';
import { assert } from '../base/errors.ts';
import { firstTransition, nextTransition, type PureAction } from '../base/transitions.ts';

/** An invoked effect that is to run while its state is active. */
export interface Invocation {
  readonly src: string;
  readonly input: Json;
}
export type Invocations = Readonly<Record<string, Invocation>>;

export interface ChartState {
  readonly snapshot: AnyMachineSnapshot;
  readonly effects: Invocations;
}

export interface Step {
  readonly state: ChartState;
  /** What is stored of `state`. */
  readonly text: string;
  readonly done: boolean;
  /** Actions to deliver, in order; `params` is JSON. */
  readonly actions: readonly { readonly action: string; readonly params: string }[];
  /** Ids of effects to start (again, where one of that id runs) and to stop. */
  readonly starts: readonly string[];
  readonly stops: readonly string[];
  /** `ignored`: no transition took the event; `expected`: and the machine's table says that it may come. */
  readonly outcome: 'taken' | 'expected' | 'ignored';
  /** Names of the transitions taken, in order. */
  readonly taken: readonly string[];
}

export function firstStep(machine: AnyStateMachine, input: object): Step {
  const [snapshot, actions, taken] = firstTransition(machine, input);
  return { ...stepTo(machine, snapshot, actions, {}, 'taken'), taken };
}

/** What an event does. Throws where the machine's own functions throw: a programming mistake. */
export function nextStep(machine: AnyStateMachine, state: ChartState, event: EventObject): Step {
  const effects = without(state.effects, endedBy(event));
  if (!machine.getTransitionData(state.snapshot, event)?.length) {
    assert(!event.type.startsWith('xstate.error.'), 'a machine handles the errors of what it invokes');
    const expected = event.type.startsWith('xstate.done.') || isExpected(state.snapshot, event.type);
    return { ...stepTo(machine, state.snapshot, [], effects, expected ? 'expected' : 'ignored'), taken: [] };
  }
  const [snapshot, actions, taken] = nextTransition(machine, state.snapshot, event);
  return { ...stepTo(machine, snapshot, actions, effects, 'taken'), taken };
}

export function readState(machine: AnyStateMachine, text: string): ChartState {
  const { value, context, effects } = JSON.parse(text) as {
    // written by `stepTo` under the same chart digest
    value: AnyMachineSnapshot['value'];
    context: object;
    effects: Invocations;
  };
  return { snapshot: machine.resolveState({ value, context }), effects };
}

/** Dotted paths of the active leaves, sorted. */
export function leavesOf({ snapshot }: ChartState): readonly string[] {
  return snapshot._nodes
    .filter((node) => node.type === 'atomic' || node.type === 'final')
    .map((node) => node.path.join('.'))
    .sort();
}

/** Digest of everything in a machine's config that decides where an event leads. */
export function chartDigest(machine: AnyStateMachine): string {
  const text = JSON.stringify(machine.config, (key, value: unknown) => {
    if (key === 'description' || key === 'meta') return undefined;
    return typeof value === 'function' ? `function ${value.name}` : value;
  });
  return digestOf('chart', text);
}

/**
 * Asserts that a machine is one the host can run: every action and invoke is named and has someone to run it, every
 * invoke's error is handled, and nothing is used that a stored state would lose.
 */
export function checkMachine(
  machine: AnyStateMachine,
  known: { readonly effects: ReadonlySet<string>; readonly deliveries: ReadonlySet<string> },
): void {
  for (const node of allNodes(machine.root)) {
    assert(node.type !== 'history', `${node.id}: history states are not stored`);
    assert(!node.after.length, `${node.id}: a delay would be lost in a restart; invoke a deadline instead`);
    for (const { id, src } of node.invoke) {
      assert(typeof src === 'string' && known.effects.has(src), `${node.id}: effect ${String(src)} is known`);
      assert(
        node.transitions.has(`xstate.error.actor.${id}`),
        `${node.id}: an error of ${id} leads somewhere`,
      );
    }
    const transitions = [...node.transitions.values(), node.always ?? []].flat();
    for (const action of [node.entry, node.exit, ...transitions.map(({ actions }) => actions)].flat()) {
      const type = typeof action === 'object' && action !== null && 'type' in action ? action.type : action;
      if (isBuiltin(type)) continue;
      assert(typeof type === 'string', `${node.id}: actions have names`);
      if (isBuiltin(machine.implementations.actions[type])) continue;
      assert(
        type.startsWith('xstate.') || known.deliveries.has(type),
        `${node.id}: action ${type} has a delivery`,
      );
    }
  }
}

function stepTo(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  actions: readonly PureAction[],
  before: Invocations,
  outcome: Step['outcome'],
): Omit<Step, 'taken'> {
  const done = snapshot.status !== 'active';
  assert(snapshot.status !== 'error', 'a machine handles the errors of what it invokes');
  const wanted = new Set(done ? [] : snapshot._nodes.flatMap((node) => node.invoke.map(({ id }) => id)));
  const spawned = actions.filter(({ type }) => type === 'xstate.spawnChild').map(invocationOf);
  const started = Object.fromEntries(
    spawned.filter(({ id }) => wanted.has(id)).map(({ id, effect }) => [id, effect]),
  );
  const kept = Object.fromEntries(Object.entries(before).filter(([id]) => wanted.has(id)));
  const effects: Invocations = { ...kept, ...started };
  const text = canonicalJson({
    value: snapshot.value,
    context: snapshot.context as Json, // canonicalJson refuses what is not
    effects: effects as unknown as Json, // the same, by its type
  });
  return {
    state: readState(machine, text),
    text,
    done,
    actions: actions.filter(({ type }) => !type.startsWith('xstate.')).map(deliveryOf),
    starts: Object.keys(started),
    stops: Object.keys(before).filter((id) => !wanted.has(id)),
    outcome,
  };
}

function invocationOf({ params }: PureAction): { readonly id: string; readonly effect: Invocation } {
  const { id, src, input } = params as { id: string; src: unknown; input?: Json }; // xstate's own action
  assert(typeof src === 'string', 'invoked effects have names');
  return { id, effect: { src, input: input ?? null } };
}

function deliveryOf({ type, params }: PureAction): { readonly action: string; readonly params: string } {
  return { action: type, params: canonicalJson((params ?? null) as Json) }; // canonicalJson refuses what is not
}

/** The id of the effect whose result this event is. */
function endedBy(event: EventObject): string | undefined {
  return /^xstate\.(?:done|error)\.actor\.(.+)$/.exec(event.type)?.[1];
}

function without(effects: Invocations, id: string | undefined): Invocations {
  return Object.fromEntries(Object.entries(effects).filter(([other]) => other !== id));
}

/** `meta: { ignores: ['peer.lost', 'log.*'] }` on an active state: events that may come there and mean nothing. */
function isExpected(snapshot: AnyMachineSnapshot, type: string): boolean {
  return snapshot._nodes.some((node) => {
    const ignores: unknown = node.meta?.ignores;
    return (
      Array.isArray(ignores) &&
      ignores.some(
        (pattern) =>
          pattern === type ||
          (String(pattern).endsWith('*') && type.startsWith(String(pattern).slice(0, -1))),
      )
    );
  });
}

function allNodes(node: AnyStateMachine['root']): AnyStateMachine['root'][] {
  return [node, ...Object.values(node.states).flatMap(allNodes)];
}

/** Actions that xstate itself resolves: assign, raise and their like. */
function isBuiltin(action: unknown): boolean {
  return typeof action === 'function' && 'resolve' in action;
}
