/**
 * Owns playing events to a chart, one after the other, and collecting what it says.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { firstStep, leavesOf, nextStep } from '../../src/host/chart.ts';

export interface Played {
  readonly snapshot: AnyMachineSnapshot;
  readonly states: readonly string[];
  /** Actions in order, as the host would deliver them. */
  readonly said: readonly { readonly action: string; readonly params: Readonly<Record<string, unknown>> }[];
  /** Ids of the effects that run now. */
  readonly running: readonly string[];
  readonly ignored: readonly string[];
}

export type Happening = { readonly type: string } & Readonly<Record<string, unknown>>;

export const done = (id: string, output?: unknown): Happening => ({
  type: `xstate.done.actor.${id}`,
  output,
  actorId: id,
});
export const error = (id: string, code = 'test.fault'): Happening => ({
  type: `xstate.error.actor.${id}`,
  error: { code, message: 'it broke' },
  actorId: id,
});

/** An event that comes after the chart has ended is not played: the host gives it to nobody. */
export function play(machine: AnyStateMachine, input: object, events: readonly Happening[]): Played {
  let step = firstStep(machine, input);
  const said = [...step.actions];
  const ignored: string[] = [];
  for (const event of events) {
    if (step.done) break;
    step = nextStep(machine, step.state, event);
    said.push(...step.actions);
    if (step.outcome === 'ignored') ignored.push(event.type);
  }
  return {
    snapshot: step.state.snapshot,
    states: leavesOf(step.state),
    said: said.map(({ action, params }) => ({ action, params: JSON.parse(params) })),
    running: step.done ? [] : Object.keys(step.state.effects).sort(),
    ignored,
  };
}
