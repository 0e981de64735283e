/**
 * Owns the names of a machine's transitions: the same for the drawn chart and for what a running machine took.
 * Must never depend on anything that differs between two processes of the same version.
 */
import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';

type StateNode = AnyStateMachine['root'];

/** `<state>/<event>/<which of several>`; those without an event are called `always`. */
export function transitionId(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  const list = isAlways(transition) ? source.always : source.transitions.get(eventType);
  return `${source.id}/${isAlways(transition) ? 'always' : eventType}/${list?.indexOf(transition) ?? 0}`;
}

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

const isAlways = ({ eventType }: AnyTransitionDefinition): boolean => eventType === '';

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
