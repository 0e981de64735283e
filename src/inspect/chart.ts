/**
 * Owns the description of a statechart, read from the XState machine itself: there is no second one that could differ.
 *
 * Two things keep it readable. Transitions from a state to one inside of it hold wherever one is: they are said at their target
 * (`entry`). And ends that many states lead to (`failed`, `stopped`) would tie everything to themselves: what leads there is said
 * in a line of the state that it leaves (`exit`), as are many ways back to one state (`back`). All else is drawn.
 */
import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { transitionId } from '../base/transitions.ts';
import type { Chart, ChartEdge, ChartLine, ChartNode, LineKind } from './shapes.ts';
import { eventText, guardOf, nodesOf, transitionsOf } from './transitions.ts';

/** An end that so many states lead to has what leads there folded. */
const MANY_SOURCES = 3;
/** More ways back to one state than these are folded, but for those that are taken when the work is done. */
const MANY_BACK = 2;
/** Characters of a line in a state's box; longer ones are broken. */
const LINE_CHARACTERS = 40;

type StateNode = AnyStateMachine['root'];

export function chartOf(machine: AnyStateMachine): Chart {
  const all = transitionsOf(machine);
  const places = placesOf(machine, all);
  return {
    id: machine.id,
    root: describe(machine.root, places),
    edges: edgesOf(places.drawn),
    transitions: all.map((transition) => ({
      id: transitionId(transition),
      event: eventText(transition.eventType),
      guard: guardOf(transition),
      source: transition.source.id,
      target: transition.target?.[0]?.id ?? null,
    })),
  };
}

/** The same without what boxes say besides the effects that run in them: for many charts beside each other. */
export function compact(chart: Chart): Chart {
  const slim = (node: ChartNode): ChartNode => ({
    ...node,
    lines: node.lines.filter(({ kind }) => kind === 'runs'),
    children: node.children.map(slim),
  });
  return { ...chart, root: slim(chart.root) };
}

/** Where each transition is shown. */
interface Places {
  readonly drawn: readonly AnyTransitionDefinition[];
  readonly entries: readonly AnyTransitionDefinition[];
  readonly folded: readonly AnyTransitionDefinition[];
  readonly ends: ReadonlySet<StateNode>;
  readonly inside: readonly AnyTransitionDefinition[];
}

function placesOf(machine: AnyStateMachine, all: readonly AnyTransitionDefinition[]): Places {
  const inside = all.filter(({ target }) => target === undefined || target.length === 0);
  const leading = all.filter((transition) => !inside.includes(transition));
  const entries = leading.filter((transition) => isInside(targetOf(transition), transition.source));
  const others = leading.filter((transition) => !entries.includes(transition));
  const order = nodesOf(machine.root);
  const isBack = (transition: AnyTransitionDefinition): boolean =>
    order.indexOf(transition.source) > order.indexOf(targetOf(transition));
  const ends = new Set(order.filter((node) => isEnd(node, others, isBack)));
  const folded = others.filter((transition) => {
    const target = targetOf(transition);
    const ofSource = others.filter(({ source }) => source === transition.source);
    if (ends.has(target)) {
      // A state that leads nowhere else keeps its line, but for errors.
      return isError(transition) || ofSource.some((other) => !ends.has(targetOf(other)));
    }
    const beside = ofSource.filter((other) => targetOf(other) === target);
    return (
      isBack(transition) && beside.length > MANY_BACK && !transition.eventType.startsWith('xstate.done.')
    );
  });
  return {
    drawn: others.filter((transition) => !folded.includes(transition)),
    entries,
    folded,
    ends,
    inside,
  };
}

const isError = ({ eventType }: AnyTransitionDefinition): boolean => eventType.startsWith('xstate.error.');

/** A state without any inside that several others lead to, all of which stand before it in the document. */
function isEnd(
  node: StateNode,
  leading: readonly AnyTransitionDefinition[],
  isBack: (transition: AnyTransitionDefinition) => boolean,
): boolean {
  const there = leading.filter((transition) => targetOf(transition) === node);
  const sources = new Set(there.map(({ source }) => source)).size;
  const isLeaf = Object.keys(node.states).length === 0;
  return isLeaf && !there.some(isBack) && (sources >= MANY_SOURCES || (sources > 1 && there.some(isError)));
}

function targetOf({ target }: AnyTransitionDefinition): StateNode {
  const [first] = target ?? [];
  if (first === undefined)
    throw new Error('assertion failed: only transitions that lead somewhere are asked');
  return first;
}

function isInside(node: StateNode, outer: StateNode): boolean {
  return node.id === outer.id || (node.parent !== undefined && isInside(node.parent, outer));
}

function describe(node: StateNode, places: Places): ChartNode {
  return {
    id: node.id,
    key: node.key,
    kind: kindOf(node),
    isRegion: node.parent?.type === 'parallel',
    description: node.description ?? '',
    lines: linesOf(node, places),
    initial: node.type === 'compound' ? (node.initial.target[0]?.id ?? null) : null,
    children: Object.values(node.states).map((child) => describe(child, places)),
  };
}

function kindOf({ type, states }: StateNode): ChartNode['kind'] {
  if (type === 'parallel' || type === 'final') return type;
  return Object.keys(states).length === 0 ? 'atomic' : 'compound';
}

function linesOf(node: StateNode, { entries, folded, ends, inside }: Places): ChartLine[] {
  const to = entries.filter((transition) => targetOf(transition) === node);
  const within = inside.filter(({ source }) => source === node);
  const away = folded.filter(({ source }) => source === node);
  const targets = [...new Set(away.map(targetOf))];
  return [
    ...node.invoke.map(({ id }): ChartLine => ({ kind: 'runs', text: `⟳ ${id}`, transitions: [] })),
    ...wrapped('entry', '⇥ ', byEvent(to), ''),
    ...wrapped('inside', '+ ', byEvent(within, false), ''),
    ...targets.flatMap((target) =>
      wrapped(
        ends.has(target) ? 'exit' : 'back',
        '',
        byEvent(away.filter((transition) => targetOf(transition) === target)),
        ` → ${target.key}`,
      ),
    ),
  ];
}

interface Word {
  readonly text: string;
  readonly transitions: readonly string[];
}

/** What is said of these transitions; several of one text are one word. */
function byEvent(transitions: readonly AnyTransitionDefinition[], withGuards = true): Word[] {
  const words = new Map<string, string[]>();
  for (const transition of transitions) {
    const text = withGuards ? labelOf(transition) : eventText(transition.eventType);
    words.set(text, [...(words.get(text) ?? []), transitionId(transition)]);
  }
  return [...words].map(([text, ids]) => ({ text, transitions: ids }));
}

/** Lines of so many words as fit; each line says where it leads. */
function wrapped(kind: LineKind, before: string, words: readonly Word[], after: string): ChartLine[] {
  const lines: { text: string; transitions: string[] }[] = [];
  for (const { text, transitions } of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.text.length + text.length + after.length + 5 <= LINE_CHARACTERS) {
      last.text += ` · ${text}`;
      last.transitions.push(...transitions);
    } else lines.push({ text, transitions: [...transitions] });
  }
  return lines.map(({ text, transitions }) => ({ kind, text: `${before}${text}${after}`, transitions }));
}

function labelOf(transition: AnyTransitionDefinition): string {
  const guard = guardOf(transition);
  const named =
    transition.eventType === '' ? (guard === null ? 'at once' : '') : eventText(transition.eventType);
  return [named, guard === null ? '' : `[${guard}]`].filter((part) => part !== '').join(' ');
}

function edgesOf(drawn: readonly AnyTransitionDefinition[]): ChartEdge[] {
  const edges = new Map<string, ChartEdge>();
  for (const transition of drawn) {
    const [source, target] = [transition.source.id, targetOf(transition).id];
    const id = `${source}→${target}`;
    const label = { text: labelOf(transition), transition: transitionId(transition) };
    edges.set(id, { id, source, target, labels: [...(edges.get(id)?.labels ?? []), label] });
  }
  return [...edges.values()];
}
