/**
 * Owns the evaluation of small polynomials over masked bits: XORs of products of up to four of them, in one round.
 * Must never see an input: only opened masked bits and shares of functions of masks.
 *
 * Let x_i = p_i + m_i (mod 2), p_i public and m_i known to the dealer. For a product of the inputs in M
 *   prod_{i in M} x_i = XOR over S subset of M of ( prod_{i in M \ S} p_i ) m_S,   m_S = prod_{i in S} m_i,
 * which is linear in the m_S with public coefficients: a share of it is local, given shares of every m_S (server A adds
 * the term of the empty S). Shares of single masks are at hand, so the dealer deals m_S for the S of two members or more,
 * each once however many products use it. This is the function-dependent preprocessing of Ben-Efraim, Nielsen and Omri,
 * "Turbospeedz" (2019), with fan-in over 2 as in Patra, Schneider, Suresh and Yalame, "ABY2.0" (2021).
 *
 * The sum is folded one input at a time: with V(M, S) the part that has m_S and still all of M open,
 *   V({}, S) = m_S,   V(M + i, S) = V(M, S + i) XOR p_i V(M, S),
 * so a product of k inputs costs 2^k - 1 fused plane operations.
 *
 * Who sees what: the dealer the m_i; a server its shares of the m_S (uniform keystream, or corrections under it) and the
 * p_i, which were opened under the masks m_i, each uniform because a mask masks one value only.
 */
import { assert } from '../base/errors.ts';
import { and as andWords, andXor, xor } from '../ring/bits.ts';
import type { Words } from '../ring/words.ts';
import type { ServerName } from './gate.ts';

/** The XOR of products; a product lists its inputs by number. */
export type Polynomial = readonly (readonly number[])[];

/** The sets S (bit i: input i) of two members or more whose m_S the polynomials need, in the order they are dealt. */
export type Monomials = readonly number[];

const MAX_FAN_IN = 4;

/** The monomials of all the polynomials over one set of inputs, ascending. */
export function monomialsOf(...polynomials: readonly Polynomial[]): Monomials {
  const found = new Set<number>();
  for (const product of polynomials.flat()) {
    assert(product.length > 0 && product.length <= MAX_FAN_IN, 'a product has one to four inputs');
    const all = product.reduce((set, input) => set | (1 << input), 0);
    for (let subset = all; subset !== 0; subset = (subset - 1) & all)
      if (!isSingle(subset)) found.add(subset);
  }
  return [...found].sort((a, b) => a - b);
}

/** The dealer's side: writes m_S for each monomial into its plane of `out`, given the masks of the inputs. */
export function multiplyMasks(out: readonly Words[], monomials: Monomials, masks: readonly Words[]): void {
  assert(out.length === monomials.length, 'one plane for each monomial');
  const planeOf = indexed(monomials, out, masks);
  monomials.forEach((set, k) => {
    const lowest = set & -set;
    andWords(out[k]!, planeOf(set ^ lowest), planeOf(lowest));
  });
}

/** What one server holds of the inputs of a polynomial: planes of one length. */
export interface MaskedInputs {
  /** p_i, public. */
  readonly opened: readonly Words[];
  /** This server's share of m_i. */
  readonly masks: readonly Words[];
  /** This server's share of m_S, in the order of `monomials`. */
  readonly products: readonly Words[];
  readonly monomials: Monomials;
}

/** A server's side: out = its share of the polynomial. An input that no product names may be left undefined. */
export function evaluatePolynomial(
  out: Words,
  polynomial: Polynomial,
  inputs: MaskedInputs,
  server: ServerName,
): Words {
  const shareOf = indexed(inputs.monomials, inputs.products, inputs.masks);
  const one = new Uint32Array(out.length).fill(server === 'a' ? 0xffffffff : 0);
  const scratch = Array.from({ length: 2 * MAX_FAN_IN }, () => new Uint32Array(out.length));
  const fold = (product: readonly number[], depth: number, set: number, into: Words): Words => {
    const input = product[depth];
    if (input === undefined) return set === 0 ? one : shareOf(set);
    const without = fold(product, depth + 1, set, scratch[2 * depth]!);
    const withIt = fold(product, depth + 1, set | (1 << input), scratch[2 * depth + 1]!);
    into.set(withIt);
    return andXor(into, inputs.opened[input]!, without);
  };
  out.fill(0);
  const term = new Uint32Array(out.length);
  for (const product of polynomial) xor(out, out, fold(product, 0, 0, term));
  return out;
}

/** Finds the plane of a set of inputs: a single's among `singles`, a larger one's among `products`. */
function indexed(
  monomials: Monomials,
  products: readonly Words[],
  singles: readonly Words[],
): (set: number) => Words {
  const places = new Map(monomials.map((set, k) => [set, products[k]]));
  return (set) => {
    const plane = isSingle(set) ? singles[31 - Math.clz32(set)] : places.get(set);
    assert(plane !== undefined, 'every monomial of a product is dealt');
    return plane;
  };
}

function isSingle(set: number): boolean {
  return (set & (set - 1)) === 0;
}
