/**
 * Owns checking a file without keeping anything of it: `mpc check --input`, and `mpc run` before it starts anything.
 */
import { readTable, type TableFile } from './table.ts';

/** The number of rows, all of which fit. Throws `rows.*`, exit code 65. */
export async function checkCsv(options: TableFile): Promise<number> {
  return (await readTable(options, () => {})).rows;
}
