/**
 * Owns the one copy of a message's bytes. Must be used instead of `slice()`: a Node Buffer's `slice` shares its memory.
 */
export const copied = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);
