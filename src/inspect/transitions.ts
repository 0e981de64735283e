/**
 * Owns reading a machine: its states, its transitions, and how these are called on a chart.
 */
import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';

type StateNode = AnyStateMachine['root'];

/** All of them, in the order of the document. */
export function transitionsOf(machine: AnyStateMachine): AnyTransitionDefinition[] {
  return nodesOf(machine.root).flatMap((node) => [
    ...(node.always ?? []),
    ...[...node.transitions.values()].flat(),
  ]);
}

/** A state and all inside of it, in the order of the document. */
export function nodesOf(node: StateNode): StateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

export function guardOf({ guard }: AnyTransitionDefinition): string | null {
  if (guard === undefined) return null;
  if (typeof guard === 'string') return guard;
  return 'type' in guard ? String(guard.type) : guard.name;
}

/** The event in words that fit an edge: `✓ effect`, `✗ effect`, `after 5 s`, or its own type. */
export function eventText(eventType: string): string {
  const [, kind, name = ''] =
    /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.+)$/.exec(eventType) ?? [];
  if (kind === 'done.actor') return `✓ ${name}`;
  if (kind === 'error.actor') return `✗ ${name}`;
  if (kind === 'done.state') return '✓ all';
  if (kind === 'after') return `after ${delayText(name.split('.')[0] ?? '')}`;
  return eventType;
}

function delayText(delay: string): string {
  const ms = Number(delay);
  if (!Number.isFinite(ms)) return delay;
  return ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
}
