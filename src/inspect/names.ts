/**
 * Owns the allow-list of names that the feed may tell: those that stand in the charts themselves. Whatever else turns up where a name
 * is expected, an event's type made of somebody's data for instance, becomes `other`.
 */
import type { AnyStateMachine } from 'xstate';
import { transitionId } from '../base/transitions.ts';
import { nodesOf, transitionsOf } from './transitions.ts';

/** What the host itself tells. */
const OWN_EVENTS = ['xstate.init', 'restored'];

export class KnownNames {
  readonly #states: ReadonlySet<string>;
  readonly #transitions: ReadonlySet<string>;
  readonly #events: ReadonlySet<string>;
  readonly #machines: ReadonlySet<string>;

  /** `events`: of these kinds besides those that the charts name one by one (`log.*` names none). */
  constructor(machines: Readonly<Record<string, AnyStateMachine>>, events: readonly string[] = []) {
    const all = Object.values(machines);
    const transitions = all.flatMap(transitionsOf);
    this.#machines = new Set(Object.keys(machines));
    this.#states = new Set(all.flatMap((machine) => nodesOf(machine.root).map(({ path }) => path.join('.'))));
    this.#transitions = new Set(transitions.map(transitionId));
    this.#events = new Set([...transitions.map(({ eventType }) => eventType), ...OWN_EVENTS, ...events]);
  }

  machine(name: string): string {
    return this.#machines.has(name) ? name : 'other';
  }

  event(type: string): string {
    return this.#events.has(type) ? type : 'other';
  }

  /** Paths that no chart has are left out. */
  states(paths: readonly string[]): string[] {
    return paths.filter((path) => path !== '' && this.#states.has(path));
  }

  transitions(ids: readonly string[]): string[] {
    return ids.filter((id) => this.#transitions.has(id));
  }
}
