/**
 * Owns what a server's own service answers voters, in short, for tests of what stands before it.
 */
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { infoOf } from '../../src/box/answers.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { trackerOf } from '../../src/election/items.ts';
import { signReceipt, signStanding } from '../../src/election/receipts.ts';
import { DEPLOYMENT, type ElectionWorld, type TestServer } from './world.ts';

/** Takes every ballot, and says of every ballot that it was accepted. */
export function serve(bus: Bus, world: ElectionWorld, server: TestServer): void {
  const said = { election: world.id, server: server.name };
  const identity = world.identityOf(server.name);
  const bytes = (value: object): Uint8Array => new TextEncoder().encode(canonicalJson(value as Json));
  bus.subscribe(subjects.election(DEPLOYMENT, server.name, 'voter', 'ballots', world.id), (message) => {
    const held = [trackerOf(world.id, server.take(message.data))];
    message.respond?.(bytes(signReceipt(identity, { ...said, held, refused: [] })));
  });
  bus.subscribe(subjects.election(DEPLOYMENT, server.name, 'voter', 'ask', world.id), (message) => {
    const question = JSON.parse(new TextDecoder().decode(message.data));
    message.respond?.(
      bytes(
        question.what === 'ballot'
          ? signStanding(identity, { ...said, tracker: question.tracker, state: 'accepted' })
          : (infoOf(world.view, world.id) ?? {}),
      ),
    );
  });
}
