/**
 * Owns how the two servers see that the other is there: a greeting each second. It tells people what is waited for;
 * nothing depends on it, and nobody need believe it.
 */
import { type Address, subjects } from '../bus/subjects.ts';
import type { EffectContext } from '../host/host.ts';
import type { Workplace } from './workplace.ts';

const EVERY_MS = 1_000;
/** So many greetings unanswered, and the other is away. */
const PATIENCE = 3;

export async function greetPeer(
  { bus, clock, deployment, me }: Workplace,
  { emit, signal }: EffectContext,
): Promise<void> {
  const peer: Address = me === 'server-a' ? 'server-b' : 'server-a';
  const subscription = bus.subscribe(subjects.hello(deployment, me, peer), (message) =>
    message.respond?.(new Uint8Array(0)),
  );
  let present = false;
  let unanswered = 0;
  try {
    while (!signal.aborted) {
      const answered = await bus
        .request(subjects.hello(deployment, peer, me), new Uint8Array(0), EVERY_MS)
        .then(
          () => true,
          () => false,
        );
      if (signal.aborted) return;
      unanswered = answered ? 0 : unanswered + 1;
      if (answered && !present) emit({ type: 'peer.present' });
      if (!answered && present && unanswered >= PATIENCE) emit({ type: 'peer.lost' });
      if (answered) present = true;
      else if (unanswered >= PATIENCE) present = false;
      await clock.sleep(present ? EVERY_MS : EVERY_MS / 4, signal).catch(() => {});
    }
  } finally {
    subscription.unsubscribe();
  }
}
