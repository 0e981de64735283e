/**
 * Owns how far apart two servers on this machine are when they meet at a broker elsewhere: measured once, before a plan is made.
 */
import { unlessAborted } from '../../src/base/abort.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';

const PROBES = 5;
const PATIENCE_MS = 10_000;
/** Coarse, so that the same broker gives the same plan: what is below this counts as one place. */
const CLASS_MS = 5;

/** Milliseconds from one server through the broker to the other and back: twice the way of a message to oneself. */
export async function roundTripThrough(urls: readonly string[], signal: AbortSignal): Promise<number> {
  const bus = await connectNats({ ...brokerAccess({ nats: urls }), name: 'mpc-probe', signal });
  const subject = `mpc.probe.${Buffer.from(systemRandom(8)).toString('hex')}`;
  let arrived = (): void => {};
  const subscription = bus.subscribe(subject, () => arrived());
  try {
    let bestMs = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < PROBES; probe++) {
      const startedMs = performance.now();
      const back = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      bus.publish(subject, new Uint8Array(8));
      await unlessAborted(back, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
      bestMs = Math.min(bestMs, performance.now() - startedMs);
    }
    return CLASS_MS * Math.floor((2 * bestMs) / CLASS_MS);
  } finally {
    subscription.unsubscribe();
    await bus.close();
  }
}
