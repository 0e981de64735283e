/**
 * Owns secret seeds and how further seeds and keys come from them (HKDF-SHA256, RFC 5869, empty salt).
 * Must never print: logging, inspecting or serialising a seed gives '[secret]'.
 *
 * The two derivations have different `info` prefixes, so that no label can make a seed equal a key.
 */
import { hkdfSync } from 'node:crypto';
import { inspect } from 'node:util';
import { assert } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';

export const SEED_BYTES = 32;
const KEY_BYTES = 16;

export class Seed {
  readonly #bytes: Uint8Array;

  /** Takes a copy of 32 secret bytes. */
  constructor(bytes: Uint8Array) {
    assert(bytes.length === SEED_BYTES, 'a seed has 32 bytes');
    this.#bytes = Uint8Array.from(bytes);
  }

  static fresh(random: RandomSource): Seed {
    return new Seed(random(SEED_BYTES));
  }

  /** A copy of the secret bytes: only to seal them for their one recipient or to store them in the owner's tape file. */
  exposeSecretBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Overwrites the bytes; keystreams and seeds made before are not affected. */
  erase(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The sub-seed under `label`; it tells nothing of its parent or its siblings. */
export function deriveSeed(seed: Seed, label: string): Seed {
  return new Seed(expand(seed, `mpc/1 seed/${label}`, SEED_BYTES));
}

/** The sub-seed of a server's seed from which one party's input masks come: all that party is told of it. */
export function inputSeed(serverSeed: Seed, party: string): Seed {
  return deriveSeed(serverSeed, `input/${party}`);
}

/** The AES-128 key of the keystream of that purpose. Secret: for the keystream's own use. */
export function keystreamKey(seed: Seed, purpose: string): Uint8Array {
  return expand(seed, `mpc/1 keystream/${purpose}`, KEY_BYTES);
}

function expand(seed: Seed, info: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', seed.exposeSecretBytes(), new Uint8Array(0), info, length));
}
