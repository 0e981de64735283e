/**
 * Owns waiting for a broker that a person has named: in silence while it may answer at once, then saying what is waited for.
 */
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';

/** A broker that is there has answered by then. */
const QUIET_MS = 2_000;

export interface BrokerWait {
  /** The URLs of one cluster. */
  readonly urls: readonly string[];
  /** How long, in milliseconds; 0 tries once, Infinity waits for ever. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** What is done meanwhile, after "no broker answers at … (why): ". */
  readonly meanwhile: string;
  readonly say: (sentence: string) => void;
}

/** Resolves when it answers. Throws `bus.unavailable` when it does not in time, the signal's reason, or what else `connectNats` does. */
export async function brokerThere({ urls, waitMs, signal, meanwhile, say }: BrokerWait): Promise<void> {
  const where = urls.join(', ');
  const reasons: string[] = [];
  const because = (): string => (reasons.length === 0 ? '' : ` (${reasons.join(', ')})`);
  let hasSaid = false;
  const stop = systemClock.after(QUIET_MS, () => {
    say(`no broker answers at ${where}${because()}: ${meanwhile}`);
    hasSaid = true;
  });
  try {
    const onWaiting = (why: string): void => void reasons.push(why);
    const common = { ...brokerAccess({ nats: urls }), name: 'mpc-probe', signal, onWaiting };
    const bus = await connectNats({ ...common, connectTimeoutMs: waitMs });
    await bus.close();
  } catch (error) {
    if (!(error instanceof MpcError && error.code === 'bus.unavailable')) throw error;
    throw new MpcError(error.code, `no broker answered at ${where} within ${waitMs / 1000} s${because()}`, {
      hint: 'start it, correct --nats (or NATS_URL), wait longer with --broker-wait, or leave them out: one is started then',
      exitCode: EXIT.unavailable,
    });
  } finally {
    stop();
  }
  if (hasSaid) say(`the broker at ${where} is there`);
}
