/**
 * Owns how a party's place among the accounts is put together: at its own client, with the party's key, over the bus that the client is
 * on anyway; its files beside the client's others.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { participantsOf } from '../../src/coordination/descriptor.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { Post } from '../../src/directory/client/post.ts';
import type { Workplace } from '../../src/duties/workplace.ts';
import { AccountHome } from '../local/home.ts';

/** Brokers that have lost their leader have another within 9 s; beyond that people are told that nobody answers. */
const PATIENCE_MS = 12_000;

export function clientPost(place: Workplace, party: string): Post {
  const { bus, deployment, me, identity, trust, clock, random, follower, state } = place;
  const { coordinator: coordinatorKey } = trust;
  if (coordinatorKey === undefined)
    throw new MpcError('config.trust', 'the configuration names no key of the coordinator', {
      hint: 'add it under [trust]',
      exitCode: EXIT.badConfig,
    });
  const directory = join(state, 'messages');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { pins, history, marks } = new AccountHome(directory);
  const { collaboration } = collaborationsIn(follower.state);
  return new Post({
    calls: natsDirectory({ bus, deployment, me, coordinatorKey, clock, random, patienceMs: PATIENCE_MS }),
    ...{ deployment, account: party, identity, pins, history, marks, clock, random },
    takesPart: (account, id) => {
      const descriptor = collaboration(id)?.descriptor;
      return descriptor !== undefined && participantsOf(descriptor).includes(`party-${account}`);
    },
  });
}
