/**
 * Owns `mpc graph`: the statecharts of a role, drawn from the machines that run.
 */
import type { Role } from '../../src/config/roles.ts';
import { chartCache, placedChart } from '../../src/inspect/cache.ts';
import { chartOf } from '../../src/inspect/chart.ts';
import { mermaidOf } from '../../src/inspect/mermaid.ts';
import { svgOf } from '../../src/inspect/svg.ts';
import { machinesOf } from '../local/charts.ts';

export interface GraphOptions {
  readonly role: Role;
  readonly format: 'svg' | 'mermaid' | 'json';
}

export async function graph({ role, format }: GraphOptions): Promise<void> {
  const charts = machinesOf(role).map(chartOf);
  if (format === 'mermaid') {
    process.stdout.write(mermaidOf(charts));
    return;
  }
  const cache = chartCache(process.env);
  const placed = await Promise.all(charts.map((chart) => placedChart(chart, cache)));
  process.stdout.write(format === 'svg' ? svgOf(placed) : `${JSON.stringify({ role, charts: placed })}\n`);
}
