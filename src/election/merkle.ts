/**
 * Owns the hash tree over an ordered list, as RFC 6962 (section 2.1) has it for certificate logs: leaves and inner nodes are
 * hashed apart, so that no leaf can pass for a node.
 *
 *   MTH({}) = SHA-256()      MTH({d}) = SHA-256(0x00 | d)      MTH(D) = SHA-256(0x01 | MTH(D[0:k]) | MTH(D[k:n]))
 * with k the largest power of two below n.
 */
import { hex, sha256 } from '../base/bytes.ts';

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

/** Hexadecimal root of the list. */
export function merkleRoot(leaves: readonly Uint8Array[]): string {
  if (leaves.length === 0) return hex.encode(sha256());
  let level = leaves.map((leaf) => sha256(LEAF, leaf));
  // Pairing from the left and lifting an odd last node is the same tree as the recursive definition.
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left === undefined) continue;
      above.push(right === undefined ? left : sha256(NODE, left, right));
    }
    level = above;
  }
  const [root] = level;
  return hex.encode(root ?? sha256());
}
