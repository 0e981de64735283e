/**
 * Owns the measurement of the whole `mpc run`: every process started, rows read and checked, dealt, masked, computed, shown and
 * everything ended, as a person waits for it. The rows are made up: 28,155 of three parties, as many as the survey's.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './processes.ts';

export interface WholeRun {
  readonly rows: number;
  /** Seconds. */
  readonly total: number;
  readonly deal: number;
  readonly upload: number;
  readonly compute: number;
}

const ROWS = 28_155;
const PARTIES = ['a', 'b', 'c'] as const;
const REGIONS = ['northeast', 'midwest', 'south', 'west'] as const;
const RUNS = 3;

export const SURVEY_SQL = `
  CREATE TABLE cps (wage DECIMAL(7,2) NOT NULL CHECK (wage BETWEEN 0 AND 20000),
                    region TEXT NOT NULL CHECK (region IN ('northeast', 'midwest', 'south', 'west')));
  SELECT region, AVG(wage) FROM cps GROUP BY region`;

/** Medians of three runs of the built program. */
export async function wholeRun(): Promise<WholeRun> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-run-'));
  try {
    const query = join(directory, 'query.sql');
    writeFileSync(query, SURVEY_SQL);
    const inputs = PARTIES.flatMap((party, p) => {
      const file = join(directory, `${party}.csv`);
      writeFileSync(file, csv(p));
      return ['--input', `${party}=${file}`];
    });
    const executable = join(import.meta.dirname, '..', 'bin', 'mpc');
    const seconds = Array.from({ length: RUNS }, () => {
      const startedMs = performance.now();
      const answer = execFileSync(process.execPath, [executable, 'run', query, ...inputs, '--json'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const total = (performance.now() - startedMs) / 1000;
      return { ...phasesOf(answer.toString()), total };
    });
    const of = (phase: 'total' | 'deal' | 'upload' | 'compute') => median(seconds.map((each) => each[phase]));
    return { rows: ROWS, total: of('total'), deal: of('deal'), upload: of('upload'), compute: of('compute') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function csv(party: number): string {
  const lines = Array.from({ length: ROWS / PARTIES.length }, (_, row) => {
    const cents = (row * 7919 + party * 104_729) % 2_000_000;
    return `${(cents / 100).toFixed(2)},${REGIONS[(row + party) % REGIONS.length]}`;
  });
  return ['wage,region', ...lines, ''].join('\n');
}

function phasesOf(answer: string): {
  readonly deal: number;
  readonly upload: number;
  readonly compute: number;
} {
  const parsed = JSON.parse(answer) as {
    stats: { seconds: { deal: number; upload: number; compute: number } };
  }; // mpc run --json
  return parsed.stats.seconds;
}
