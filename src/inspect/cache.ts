/**
 * Owns laid-out charts between two runs: files in the user's cache, each named by what it was made from.
 * Must never be needed: what is missing, damaged or cannot be written is laid out anew.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOf } from '../base/canonical.ts';
import { LAYOUT_VERSION, layOut } from './layout.ts';
import type { Chart, PlacedChart } from './shapes.ts';

/** `$XDG_CACHE_HOME/mpc/charts`. */
export function chartCache(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mpc', 'charts');
}

/** The chart with its places, from the directory or laid out now. */
export async function placedChart(chart: Chart, directory: string): Promise<PlacedChart> {
  const digest = digestOf(`chart layout ${LAYOUT_VERSION}`, JSON.stringify(chart));
  const path = join(directory, `${chart.id}-${digest.slice(0, 32)}.json`);
  const kept = await read(path);
  if (kept !== undefined) return kept;
  const placed = await layOut(chart);
  await write(directory, path, placed).catch(() => undefined); // a cache that cannot be written costs a second, no more
  return placed;
}

async function read(path: string): Promise<PlacedChart | undefined> {
  try {
    return placedSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Beside its place, then renamed: another process never reads half a file. */
async function write(directory: string, path: string, placed: PlacedChart): Promise<void> {
  await mkdir(directory, { recursive: true });
  const beside = `${path}.${process.pid}`;
  try {
    await writeFile(beside, JSON.stringify(placed));
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}

const point = { x: z.number(), y: z.number() };
const box = { ...point, width: z.number(), height: z.number() };
const points = z.array(z.strictObject(point));

const placedSchema: z.ZodType<PlacedChart> = z.strictObject({
  id: z.string(),
  description: z.string(),
  width: z.number(),
  height: z.number(),
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      key: z.string(),
      kind: z.enum(['atomic', 'compound', 'parallel', 'final']),
      isRegion: z.boolean(),
      description: z.string(),
      lines: z.array(
        z.strictObject({
          kind: z.enum(['runs', 'inside', 'exit', 'back', 'entry']),
          text: z.string(),
          transitions: z.array(z.string()),
        }),
      ),
      depth: z.int(),
      ...box,
    }),
  ),
  edges: z.array(
    z.strictObject({
      id: z.string(),
      source: z.string(),
      target: z.string(),
      labels: z.array(z.strictObject({ text: z.string(), transition: z.string() })),
      points,
      label: z.strictObject(box).nullable(),
    }),
  ),
  initials: z.array(z.strictObject({ target: z.string(), dot: z.strictObject(point), points })),
  transitions: z.array(
    z.strictObject({
      id: z.string(),
      event: z.string(),
      guard: z.string().nullable(),
      source: z.string(),
      target: z.string().nullable(),
    }),
  ),
});
