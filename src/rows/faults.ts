/**
 * Owns the form of every complaint about rows: a code below `rows.`, always a place, always exit code 65.
 * Must never repeat a cell: rows are private, even in a log at home.
 */
import { EXIT, MpcError, type Place } from '../base/errors.ts';

export function rowsFault(code: string, message: string, place: Place, hint: string): MpcError {
  return new MpcError(`rows.${code}`, message, { place, hint, exitCode: EXIT.badData });
}
