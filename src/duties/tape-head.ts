/**
 * Owns what comes first of every tape: a server's seed, and the tape's name. The name is the same in both halves and goes
 * into what the servers bind, so that halves of two different tapes (of a dealer that lost its store and dealt again) are
 * found out before anything is opened. Must never be logged: the seed is one half of every mask.
 */
import { concatBytes, hex } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { SEED_BYTES, Seed } from '../tape/seed.ts';
import { readWhole } from './chunk-files.ts';
import { pathOf, type Run, type Workplace } from './workplace.ts';

export const NAME_BYTES = 16;
export const HEAD_BYTES = SEED_BYTES + NAME_BYTES;

export function tapeHead(seed: Seed, name: Uint8Array): Uint8Array {
  return concatBytes(seed.exposeSecretBytes(), name);
}

/** The head of the tape that this server holds. Throws `tape.missing`. */
export function readTapeHead(place: Workplace, run: Run): { readonly seed: Seed; readonly name: string } {
  const bytes = readWhole(pathOf(place, run, 'tape', 'head'));
  if (bytes?.length !== HEAD_BYTES)
    throw new MpcError('tape.missing', 'the tape of this collaboration is not on this server any more', {
      hint: 'ask for another attempt; check the disk on which this server keeps its state',
      exitCode: EXIT.ioError,
    });
  return { seed: new Seed(bytes.subarray(0, SEED_BYTES)), name: hex.encode(bytes.subarray(SEED_BYTES)) };
}
