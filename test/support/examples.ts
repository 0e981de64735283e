/**
 * Owns answering a document's example queries: its tables and rows are the document's own files, the answer is that of the plan that
 * servers would run, computed in the clear.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableText } from '../../bin/local/print.ts';
import { screenOf } from '../../bin/local/screen.ts';
import { reportOf } from '../../src/base/errors.ts';
import { evaluateClear } from '../../src/engine/clear.ts';
import { validatePlan } from '../../src/plan/check.ts';
import type { NodeId } from '../../src/plan/plan.ts';
import { compileProgram } from '../../src/programs/compile.ts';
import type { Words } from '../../src/ring/words.ts';
import { prepareFiles, resultTable } from '../../src/rows/prepare.ts';
import type { Block } from './documents.ts';

/** Who brings what, of the tables that the document declares: `payroll` from `acme.csv` is `acme:payroll=acme.csv`. */
export interface Bringing {
  readonly party: string;
  readonly table: string;
  readonly file: string;
}

/** Whole words of bits, so that parties' rows can be put one behind the other. */
const MAX_ROWS = 64;

export class Examples {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mpc-examples-'));
  readonly #tables = new Map<string, string>();
  readonly #bringing: readonly Bringing[];

  /** Takes the document's named blocks: CREATE TABLEs from `sql` ones, rows from `csv` ones. */
  constructor(blocks: readonly Block[], bringing: readonly Bringing[]) {
    this.#bringing = bringing;
    for (const { info, text } of blocks) {
      const [kind, name] = info.split(' ');
      if (kind === 'csv' && name !== undefined) writeFileSync(join(this.#directory, name), text);
      if (kind === 'sql' && name !== undefined)
        for (const [create = '', table = ''] of text.matchAll(/CREATE TABLE (\w+) \([\s\S]*?\n\);\n/g))
          this.#tables.set(table, create);
    }
  }

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** The result as `mpc run` prints it, or the refusal as it prints that, with places in the query's own text. */
  async answer(query: string, minGroupSize = 1): Promise<string> {
    const used = [...this.#tables].filter(([table]) => new RegExp(`(FROM|JOIN|,) ${table}\\b`).test(query));
    const before = used.map(([, create]) => create).join('');
    const files = this.#bringing
      .filter(({ table }) => used.some(([name]) => name === table))
      .map((one) => ({ ...one, file: join(this.#directory, one.file), maxRows: MAX_ROWS }));
    try {
      const options = { inputs: files, outputs: ['analyst'], minGroupSize };
      const compiled = await compileProgram({ kind: 'sql', text: `${before}${query}` }, options);
      validatePlan(compiled.plan);
      const rows = new Map<NodeId, Words[]>();
      for (const { party } of compiled.plan.tables.flatMap(({ slices }) => slices)) {
        const own = files.filter((one) => one.party === party);
        for (const [node, words] of await prepareFiles(compiled, { party, files: own }))
          rows.set(node, [...(rows.get(node) ?? []), words]);
      }
      const inputs = new Map([...rows].map(([node, parts]) => [node, joined(parts)] as const));
      const table = resultTable(compiled, 'analyst', evaluateClear(compiled.plan, inputs));
      return tableText(table, screenOf({}, {}));
    } catch (error) {
      const { code, message, place, hint } = reportOf(error);
      if (!code.startsWith('sql.')) throw error;
      const line = (place?.line ?? 0) - before.split('\n').length + 1;
      return `line ${line}, column ${place?.column}: ${message} [${code}]\n${hint ?? ''}`.trim();
    }
  }
}

function joined(parts: readonly Words[]): Words {
  const whole = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
