/**
 * Owns which brokers are new enough, in one place: the finder refuses older programs, the bus refuses older servers.
 * Must never let an older broker hold the log: before 2.14 an acknowledgement is not a promise that survives a power cut.
 */
import { EXIT, MpcError } from '../base/errors.ts';

export const OLDEST_BROKER = '2.14.0';

/** `2.14.0` out of `nats-server: v2.14.0` or `2.14.0-RC.1`; undefined where there is none. */
export function versionIn(text: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** Whether dotted numbers `version` are `oldest` or newer. */
export function isAtLeast(version: string, oldest: string): boolean {
  const given = version.split('.').map(Number);
  for (const [at, wanted] of oldest.split('.').map(Number).entries()) {
    const part = given[at] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

export function tooOld(what: string, version: string): MpcError {
  return new MpcError(
    'broker.too-old',
    `${what} is nats-server ${version}; before ${OLDEST_BROKER} it cannot keep the promise that what it acknowledged is on disk (sync_interval: always)`,
    { exitCode: EXIT.badConfig, hint: `use nats-server ${OLDEST_BROKER} or newer` },
  );
}
