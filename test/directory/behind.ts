/**
 * Builds what the contract of the ways to the coordinators needs of replicas with faces.
 */
import assert from 'node:assert/strict';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { type Faces, newCollaboration } from '../api/world.ts';
import { identityOf } from '../coordination/world.ts';
import type { Behind } from './calls-contract.ts';
import { person } from './played.ts';

export const behind = async (faces: Faces, calls: DirectoryCalls): Promise<Behind> => ({
  calls,
  analyst: await person('analyst', identityOf('party-analyst')),
  collaboration: async (token) => {
    const answer = await faces.ask('POST /collaboration', {
      headers: { authorization: `Bearer ${token}` },
      body: newCollaboration(),
    });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.collaboration.id;
  },
});
