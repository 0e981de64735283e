/**
 * Owns what a check of `mpc doctor` says: what it looked at, how that is, and what to do about it.
 * Must never carry a secret: findings are printed.
 */
import { MpcError } from '../../src/base/errors.ts';

type State = 'ok' | 'warning' | 'fault';

export interface Finding {
  /** What was looked at: `key`, `disk`, `log`. */
  readonly check: string;
  readonly state: State;
  readonly message: string;
  /** What to do, as one sentence. */
  readonly hint?: string;
}

export const fine = (check: string, message: string): Finding => ({ check, state: 'ok', message });

export const warning = (check: string, message: string, hint: string): Finding => ({
  check,
  state: 'warning',
  message,
  hint,
});

export const fault = (check: string, message: string, hint: string): Finding => ({
  check,
  state: 'fault',
  message,
  hint,
});

/** What a check finds; what it throws is its finding. */
export async function examined(
  check: string,
  look: () => Promise<readonly Finding[]> | readonly Finding[],
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof MpcError)) throw error;
    const { line } = error.place ?? {};
    const where = error.place?.file === undefined ? '' : `${error.place.file}${line ? `:${line}` : ''}: `;
    return [fault(check, `${where}${error.message}`, error.hint ?? 'see the role’s own log')];
  }
}
