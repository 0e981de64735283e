/**
 * Messages over a channel's two ends: what is sent arrives, whatever the sizes, and nobody waits for nothing.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { LIMITS } from '../../src/base/limits.ts';
import { Mailbox, Transcript } from '../../src/channel/streams.ts';
import { channelLink } from '../../src/duties/rounds.ts';

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

/** Moves what one side has written to the other's mailbox. */
async function deliver(from: Transcript, to: Mailbox): Promise<void> {
  while (to.wanted() < from.length) await to.accept((await from.chunk(to.wanted()))!);
}

test('each side may send as much as it likes, or nothing', async () => {
  const [outA, outB, inA, inB] = [new Transcript(), new Transcript(), new Mailbox(), new Mailbox()];
  const [a, b] = [channelLink(outA, inA), channelLink(outB, inB)];
  const sizes = [
    [8, 0],
    [0, 16],
    [0, 0],
    [LIMITS.chunkBytes + 8, 24],
  ] as const;
  for (const [fromA, fromB] of sizes) {
    await b.send(filled(fromB, 2));
    await a.send(filled(fromA, 1));
    const [atA, atB] = [a.receive(fromB), b.receive(fromA)];
    await deliver(outA, inB);
    await deliver(outB, inA);
    assert.deepEqual(await atA, filled(fromB, 2));
    assert.deepEqual(await atB, filled(fromA, 1));
  }
});

test('more than the plan says is refused', async () => {
  const incoming = new Mailbox();
  const link = channelLink(new Transcript(), incoming);
  await incoming.accept(filled(16, 1));
  await assert.rejects(link.receive(8), { code: 'compute.wrong-size' });
});
