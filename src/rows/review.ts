/**
 * Owns looking at a file before anything is done with it: its first rows as they stand there, and its first faults together.
 * Must never keep anything of the file, nor repeat a cell in a fault.
 */
import { type ErrorReport, MpcError } from '../base/errors.ts';
import { readTable, type TableFile } from './table.ts';

export interface Review {
  /** Rows that fit. */
  readonly rows: number;
  /** Cells of the declared columns in the first rows that fit, in the order of the declaration. */
  readonly preview: readonly (readonly string[])[];
  /** Columns of the file that nobody asked for. */
  readonly passedOver: readonly string[];
  readonly faults: readonly ErrorReport[];
  /** There are more faults than these. */
  readonly hasMore: boolean;
}

/** Faults that a person mends in one go. */
const FAULTS = 50;
const PREVIEWED = 200;

/** Throws nothing that is the file's fault: all of that is told. */
export async function reviewCsv(options: Omit<TableFile, 'onFault'>): Promise<Review> {
  const faults: MpcError[] = [];
  const preview: string[][] = [];
  const columns = options.table.columns.map((_, at) => at);
  let seen = 0;
  try {
    const { rows, passedOver } = await readTable(
      {
        ...options,
        onFault: (fault) => {
          if (faults.push(fault) > FAULTS) throw fault;
        },
      },
      (row, _, text) => {
        seen = row + 1;
        if (row < PREVIEWED) preview.push(columns.map(text));
      },
    );
    return { ...told(faults), rows, preview, passedOver };
  } catch (error) {
    if (!(error instanceof MpcError) || !error.code.startsWith('rows.')) throw error;
    if (!faults.includes(error)) faults.push(error);
    return { ...told(faults), rows: seen, preview, passedOver: [] };
  }
}

const told = (faults: readonly MpcError[]): Pick<Review, 'faults' | 'hasMore'> => ({
  faults: faults.slice(0, FAULTS).map((fault) => fault.report()),
  hasMore: faults.length > FAULTS,
});
