/**
 * Owns charts as one Mermaid diagram (`stateDiagram-v2`), which many editors and forges draw. Every transition is in it, also
 * those that the picture says in lines.
 */
import type { Chart, ChartNode, ChartTransition } from './shapes.ts';

export function mermaidOf(charts: readonly Chart[]): string {
  return `${['stateDiagram-v2', ...charts.flatMap((chart) => [...stateOf(chart.root, '  '), ...waysOf(chart)])].join('\n')}\n`;
}

function stateOf(node: ChartNode, indent: string): string[] {
  const name = nameOf(node.id);
  if (node.children.length === 0) return [`${indent}state "${node.key}" as ${name}`];
  const inside = node.children.flatMap((child, index) => [
    ...(node.kind === 'parallel' && index > 0 ? [`${indent}  --`] : []),
    ...stateOf(child, `${indent}  `),
  ]);
  return [
    `${indent}state "${node.key}" as ${name} {`,
    ...(node.initial === null ? [] : [`${indent}  [*] --> ${nameOf(node.initial)}`]),
    ...inside,
    ...node.children
      .filter(({ kind }) => kind === 'final')
      .map((child) => `${indent}  ${nameOf(child.id)} --> [*]`),
    `${indent}}`,
  ];
}

/** Ways from a state to one inside of it start at its inner border, which Mermaid cannot draw: they are notes of their targets. */
function waysOf({ transitions }: Chart): string[] {
  return transitions.flatMap((transition) => {
    const { source, target } = transition;
    if (target === null) return [];
    if (!target.startsWith(`${source}.`))
      return [`  ${nameOf(source)} --> ${nameOf(target)} : ${said(transition)}`];
    return [`  note right of ${nameOf(target)} : ${said(transition)}, wherever ${source} is`];
  });
}

function said({ event, guard }: ChartTransition): string {
  return [event === '' ? [] : [event], guard === null ? [] : [`[${guard}]`]].flat().join(' ') || 'at once';
}

const nameOf = (id: string): string => id.replace(/\W/g, '_');
