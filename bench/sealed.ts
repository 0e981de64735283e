/**
 * Owns the sealed channel between a benchmark's two servers: the real one, on a real broker, kept in memory.
 */
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { connectNats } from '../src/bus/nats.ts';
import { openChannel } from '../src/channel/sealed-channel.ts';
import { Mailbox, Transcript } from '../src/channel/streams.ts';
import { loadIdentity } from '../src/identity/identity.ts';

export interface SealedEnd {
  readonly nats: string;
  readonly side: 'a' | 'b';
  /** File of this server's key; the other's public key. */
  readonly key: string;
  readonly peerKey: string;
  /** Tells runs apart on the broker. */
  readonly run: string;
}

/** Resolves when the other end is there. */
export async function sealedChannel({ nats, side, key, peerKey, run }: SealedEnd) {
  const outgoing = new Transcript();
  const incoming = new Mailbox();
  const bus = await connectNats({ servers: nats, name: `bench-${side}` });
  await new Promise<void>((resolve) => {
    openChannel({
      bus,
      clock: systemClock,
      random: systemRandom,
      identity: loadIdentity(key),
      me: `server-${side}`,
      peer: side === 'a' ? 'server-b' : 'server-a',
      peerKey,
      topic: {
        deployment: 'bench',
        collaboration: run,
        purpose: 'compute',
        descriptor: '0'.repeat(64),
        attempt: 1,
      },
      outgoing,
      incoming,
      onPresence: (there) => there && resolve(),
    });
  });
  return { outgoing, incoming };
}
