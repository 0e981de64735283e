/**
 * Owns what a voter votes with: the election, the voter's number in its list, and the seed of the voter's key, as one JSON object.
 * Must never say what stands in one that it does not understand.
 */
import { z } from 'zod';
import { EXIT, MpcError, type Place } from '../base/errors.ts';
import { identityFromSeed } from '../identity/identity.ts';
import type { Identity } from '../identity/keys.ts';

const schema = z.strictObject({
  election: z.string().regex(/^[0-9a-f]{20}$/),
  /** The voter's number in the election's list. */
  voter: z.int().min(0),
  seed: z.string(),
});

export interface Credential {
  readonly election: string;
  readonly voter: number;
  readonly identity: Identity;
}

/** Throws `credential.malformed`. `place`: where the text stands. */
export function readCredential(text: string, place?: Place): Credential {
  try {
    const { election, voter, seed } = schema.parse(JSON.parse(text));
    return { election, voter, identity: identityFromSeed(seed) };
  } catch {
    throw new MpcError('credential.malformed', 'this is no credential', {
      hint: 'take it as the registrar gave it: one line of a credential file',
      exitCode: EXIT.badData,
      ...(place === undefined ? {} : { place }),
    });
  }
}
