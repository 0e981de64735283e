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
  type AnyTransitionDefinition,
  createActor,
  createMachine,
  type EventObject,
  type InspectionEvent,
} from 'xstate';

export interface PureAction {
  readonly type: string;
  readonly params?: unknown;
}

/** An actor that is never started and has no states: it stands for everyone's. */
const nobody = createActor(createMachine({}));

/** The first state of a machine, its actions in order, and the transitions without an event that led on to it. */
export function firstTransition(
  machine: AnyStateMachine,
  input: unknown,
): readonly [AnyMachineSnapshot, readonly PureAction[], readonly string[]] {
  const [actions, taken]: [PureAction[], string[]] = [[], []];
  return [machine.getInitialSnapshot(scope(actions, taken), input), actions, taken];
}

/** What an event leads to, and by which transitions (`transitionId`), in order. Throws what guards and assigners throw. */
export function nextTransition<Snapshot extends AnyMachineSnapshot>(
  machine: AnyStateMachine,
  snapshot: Snapshot,
  event: EventObject,
): readonly [AnyMachineSnapshot, readonly PureAction[], readonly string[]] {
  const [actions, taken]: [PureAction[], string[]] = [[], []];
  return [machine.transition(snapshot, event, scope(actions, taken)), actions, taken];
}

/** A transition's name, the same wherever the same version runs: `<state>/<event>/<which of several>`, `always` without an event. */
export function transitionId(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  return `${source.id}/${eventType === '' ? 'always' : eventType}/${listOf(transition)?.indexOf(transition) ?? 0}`;
}

function scope(actions: PureAction[], taken: string[]): AnyActorScope {
  return {
    self: nobody,
    system: listening(taken),
    id: '',
    sessionId: '',
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: (action) => void actions.push(action),
  };
}

/** Hears of every transition taken. The one into the first state is none of the chart's: it has no event, and is in no list. */
function listening(taken: string[]): AnyActorScope['system'] {
  const hears = {
    _sendInspectionEvent: (event: InspectionEvent) => {
      if (event.type !== '@xstate.microstep') return;
      for (const transition of event._transitions)
        if (listOf(transition)?.includes(transition)) taken.push(transitionId(transition));
    },
  };
  // xstate tells its systems of every microstep, but declares that way of theirs to itself only.
  return { ...nobody.system, ...hears } as AnyActorScope['system'];
}

const listOf = ({ source, eventType }: AnyTransitionDefinition): AnyTransitionDefinition[] | undefined =>
  eventType === '' ? source.always : source.transitions.get(eventType);
