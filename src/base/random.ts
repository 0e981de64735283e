/**
 * Owns where unpredictable bytes come from: node:crypto, always, outside tests.
 * Anything that draws keys, seeds, masks or ids takes a `RandomSource` as an argument.
 */
import { randomBytes } from 'node:crypto';

export type RandomSource = (length: number) => Uint8Array;

export const systemRandom: RandomSource = (length) => new Uint8Array(randomBytes(length));
