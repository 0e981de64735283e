/**
 * Owns how the directory refuses a command: a typed error that the chapter turns into the command's outcome.
 * Must never quote what was said beyond names.
 */
import { EXIT, MpcError } from '../base/errors.ts';

export const refusal = (code: string, message: string, hint: string): MpcError =>
  new MpcError(code, message, { hint, exitCode: EXIT.protocol });

export const unknownAccount = (name: string): MpcError =>
  refusal('account.unknown', `there is no account ${name}`, 'check the name: mpc account list shows all');

export const accountExists = (name: string): MpcError =>
  refusal('account.exists', `there is an account ${name} already`, 'choose another name, or sign in');

export const unknownSession = (): MpcError =>
  refusal('session.unknown', 'this session has ended', 'sign in again');

export const notAllowed = (what: string): MpcError =>
  refusal('command.not-allowed', what, 'accounts act through a coordinator, each for itself');

/** A bucket that refills by `perSecond` up to `most`, in thousandths: integers only, the same on every replica. */
export function allowed(
  before: { readonly thousandths: number; readonly atMs: number } | undefined,
  { perSecond, most }: { readonly perSecond: number; readonly most: number },
  timeMs: number,
): { readonly thousandths: number; readonly atMs: number } | undefined {
  const full = most * 1000;
  const level =
    before === undefined ? full : Math.min(full, before.thousandths + (timeMs - before.atMs) * perSecond);
  return level < 1000 ? undefined : { thousandths: level - 1000, atMs: timeMs };
}
