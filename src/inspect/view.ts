/**
 * Owns what the inspector's page is told once, before the records: a type alone, which the browser shares.
 */
import type { ChartLine, PlacedChart } from './shapes.ts';

export interface InspectorView {
  readonly deployment: string;
  /** Whether more records may come. */
  readonly isLive: boolean;
  /** Laid-out charts by the machine's name, of names and effects alone. */
  readonly charts: Readonly<Record<string, PlacedChart>>;
  /** What those leave out of each state: the lines of its box. */
  readonly lines: Readonly<Record<string, readonly ChartLine[]>>;
  /** Names of each kind of role's machines: that of the process first. */
  readonly machines: Readonly<Record<string, readonly string[]>>;
}
