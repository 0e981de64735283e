/**
 * Owns how a party's place among the accounts is put together: at its own client, with the party's key, its files beside the client's others.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { participantsOf } from '../../src/coordination/descriptor.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { Post } from '../../src/directory/client/post.ts';
import type { Workplace } from '../../src/duties/workplace.ts';
import { AccountHome } from '../local/home.ts';

export function clientPost(place: Workplace, party: string, calls: DirectoryCalls): Post {
  const { deployment, identity, clock, random, follower, state } = place;
  const directory = join(state, 'messages');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { pins, history, marks } = new AccountHome(directory);
  const { collaboration } = collaborationsIn(follower.state);
  return new Post({
    ...{ calls, deployment, account: party, identity, pins, history, marks, clock, random },
    takesPart: (account, id) => {
      const descriptor = collaboration(id)?.descriptor;
      return descriptor !== undefined && participantsOf(descriptor).includes(`party-${account}`);
    },
  });
}
