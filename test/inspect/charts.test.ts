import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AnyStateMachine } from 'xstate';
import { machinesByRole } from '../../roles/index.ts';
import { placedChart } from '../../src/inspect/cache.ts';
import { chartOf } from '../../src/inspect/chart.ts';
import { mermaidOf } from '../../src/inspect/mermaid.ts';
import type { Box, Chart, ChartNode, PlacedChart } from '../../src/inspect/shapes.ts';
import { svgOf } from '../../src/inspect/svg.ts';
import { nodesOf } from '../roles/walk.ts';
import { mpc } from '../support/mpc.ts';

const machines: AnyStateMachine[] = [
  ...new Set(Object.values(machinesByRole).flatMap((byName): AnyStateMachine[] => Object.values(byName))),
];
const cache = mkdtempSync(join(tmpdir(), 'mpc-charts-'));
after(() => rmSync(cache, { recursive: true }));

test('a chart holds every state and every transition of its machine, each shown in one place', () => {
  let checked = 0;
  for (const machine of machines) {
    const chart = chartOf(machine);
    const states = statesOf(chart.root);
    assert.deepEqual(
      states.map(({ id }) => id).sort(),
      nodesOf(machine)
        .map(({ id }) => id)
        .sort(),
    );
    const all = nodesOf(machine).flatMap((node) =>
      [...node.transitions.values()].flat().concat(node.always ?? []),
    );
    const shown = [
      ...chart.edges.flatMap(({ labels }) => labels.map(({ transition }) => transition)),
      ...states.flatMap(({ lines }) => lines.flatMap(({ transitions }) => transitions)),
    ];
    assert.equal(new Set(shown).size, shown.length, `${machine.id} shows a transition twice`);
    assert.deepEqual(shown.sort(), chart.transitions.map(({ id }) => id).sort());
    assert.equal(chart.transitions.length, all.length);
    checked += all.length;
  }
  assert.ok(checked > 150, `only ${checked} transitions were checked`);
});

test('guards are named at the transitions that they guard', () => {
  const { edges } = chartOf(machineCalled('session'));
  const labels = edges.flatMap(({ labels: said }) => said.map(({ text }) => text));
  assert.ok(labels.includes('[bothServersBoundTheSame]'), labels.join());
});

test('nothing of a drawn chart covers anything else, and its lines end at their states', async () => {
  let checked = 0;
  for (const machine of machines) {
    const placed = await placedChart(chartOf(machine), cache);
    const labels = placed.edges.flatMap(({ label }) => label ?? []);
    const leaves = placed.nodes.filter(({ kind }) => kind === 'atomic' || kind === 'final');
    for (const [index, leaf] of leaves.entries())
      for (const other of [...leaves.slice(index + 1), ...labels]) {
        assert.ok(!overlap(leaf, other), `${leaf.id} covers ${JSON.stringify(other)}`);
        checked++;
      }
    for (const [index, label] of labels.entries())
      for (const other of labels.slice(index + 1))
        assert.ok(!overlap(label, other), JSON.stringify([label, other]));
    for (const { id, source, target, points } of placed.edges) {
      assert.ok(onBorder(placed, source, points[0]), `${id} does not begin at ${source}`);
      assert.ok(onBorder(placed, target, points.at(-1)), `${id} does not end at ${target}`);
    }
    assert.equal(placed.edges.length, chartOf(machine).edges.length);
  }
  assert.ok(checked > 500, `only ${checked} pairs were checked`);
});

test('a layout is kept and found again, and a damaged one is made anew', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-charts-'));
  try {
    const chart = chartOf(machineCalled('client'));
    const placed = await placedChart(chart, directory);
    const [file = ''] = readdirSync(directory);
    const path = join(directory, file);
    const kept = readFileSync(path, 'utf8');
    writeFileSync(path, kept.replace('"width":', '"width":1'));
    assert.notDeepEqual(await placedChart(chart, directory), placed, 'it is read from the file');
    writeFileSync(path, kept.slice(0, 100));
    assert.deepEqual(await placedChart(chart, directory), placed);
    assert.equal(readFileSync(path, 'utf8'), kept);
    const other: Chart = { ...chart, root: { ...chart.root, description: 'Another one.' } };
    await placedChart(other, directory);
    assert.equal(readdirSync(directory).length, 2, 'another machine has another file');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('Mermaid names every state and every transition between states', () => {
  for (const machine of machines) {
    const chart = chartOf(machine);
    const text = mermaidOf([chart]);
    for (const { key } of statesOf(chart.root)) assert.ok(text.includes(`"${key}"`), key);
    const ways = text.split('\n').filter((line) => / : /.test(line)).length;
    assert.equal(ways, chart.transitions.filter(({ target }) => target !== null).length);
  }
});

test('what is not plain text in a chart is escaped in its SVG', () => {
  const node = { ...statesOf(chartOf(machineCalled('client')).root)[0]!, key: '<b>&"', depth: 0 };
  const place = { x: 0, y: 0, width: 10, height: 10 };
  const text = svgOf([
    {
      id: 'x',
      description: '',
      width: 10,
      height: 10,
      nodes: [{ ...node, ...place }],
      edges: [],
      initials: [],
      transitions: [],
    },
  ]);
  assert.ok(text.includes('&#60;b&#62;&#38;&#34;'));
  assert.ok(!text.includes('<b>'));
});

test('mpc graph prints the charts of a role in each format', async () => {
  const env = { XDG_CACHE_HOME: cache };
  const [svg, mermaid, json] = await Promise.all(
    ['svg', 'mermaid', 'json'].map((format) => mpc(['graph', '--role', 'server-a', '--format', format], env)),
  );
  for (const ended of [svg, mermaid, json]) assert.equal(ended?.code, 0, ended?.stderr);
  assert.match(
    svg?.stdout ?? '',
    /^<svg [\s\S]*data-state="session\.init\.randomness\.waitingForRandomness"[\s\S]*<\/svg>\n$/,
  );
  assert.match(mermaid?.stdout ?? '', /^stateDiagram-v2\n/);
  const { charts } = JSON.parse(json?.stdout ?? '') as { charts: PlacedChart[] };
  assert.deepEqual(
    charts.map(({ id }) => id),
    ['server', 'session', 'ballotBox'],
  );
  const refused = await mpc(['graph', '--role', 'nobody']);
  assert.equal(refused.code, 64);
});

function statesOf(node: ChartNode): ChartNode[] {
  return [node, ...node.children.flatMap(statesOf)];
}

function machineCalled(id: string): AnyStateMachine {
  const machine = machines.find((each) => each.id === id);
  assert.ok(machine !== undefined);
  return machine;
}

function overlap(a: Box, b: Box): boolean {
  const slack = 0.5;
  return (
    a.x + a.width > b.x + slack &&
    b.x + b.width > a.x + slack &&
    a.y + a.height > b.y + slack &&
    b.y + b.height > a.y + slack
  );
}

function onBorder({ nodes }: PlacedChart, id: string, point: { x: number; y: number } | undefined): boolean {
  const node = nodes.find((each) => each.id === id);
  if (node === undefined || point === undefined) return false;
  const [dx, dy] = [
    Math.min(Math.abs(point.x - node.x), Math.abs(point.x - node.x - node.width)),
    Math.min(Math.abs(point.y - node.y), Math.abs(point.y - node.y - node.height)),
  ];
  const within =
    point.x >= node.x - 1 &&
    point.x <= node.x + node.width + 1 &&
    point.y >= node.y - 1 &&
    point.y <= node.y + node.height + 1;
  return within && Math.min(dx, dy) <= 1;
}
