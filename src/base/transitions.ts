/**
 * Owns the pure step of a statechart: the next snapshot and what is to be done, nothing of it done.
 *
 * The same as xstate's `initialTransition` and `transition`, at a fraction of their cost: those make an actor of the machine for
 * every call, and with it the machine's first state without input, which mostly throws, and forget it. Who calls makes no
 * difference to a machine that the host runs or the log plays: it neither asks for its own actor nor for its system.
 */
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
} from 'xstate';

export interface PureAction {
  readonly type: string;
  readonly params?: unknown;
}

/** An actor that is never started and has no states: it stands for everyone's. */
const nobody = createActor(createMachine({}));

/** The first state of a machine, and its actions in order. */
export function firstTransition(
  machine: AnyStateMachine,
  input: unknown,
): readonly [AnyMachineSnapshot, readonly PureAction[]] {
  const actions: PureAction[] = [];
  return [machine.getInitialSnapshot(scope(actions), input), actions];
}

/** What an event leads to. Throws what guards and assigners throw. */
export function nextTransition<Snapshot extends AnyMachineSnapshot>(
  machine: AnyStateMachine,
  snapshot: Snapshot,
  event: EventObject,
): readonly [AnyMachineSnapshot, readonly PureAction[]] {
  const actions: PureAction[] = [];
  return [machine.transition(snapshot, event, scope(actions)), actions];
}

function scope(actions: PureAction[]): AnyActorScope {
  return {
    self: nobody,
    system: nobody.system,
    id: '',
    sessionId: '',
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: (action) => void actions.push(action),
  };
}
