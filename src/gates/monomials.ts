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
import { kernels } from '../ring/kernels/kernels.ts';
import type { Plane, PlaneProgram } from '../ring/kernels/program.ts';
import { ONES, ProgramWriter, ZEROS } from '../ring/kernels/program.ts';
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

/** Polynomials of some of the bits held, with the monomials of their masks. */
export interface Node {
  /** Numbers of those bits; the polynomials' own inputs are places in this list. */
  readonly inputs: readonly number[];
  readonly outputs: readonly Polynomial[];
  readonly monomials: Monomials;
}

/** The dealer's program: of the masks of `inputs` bits, the m_S of each node in turn. */
export function productsProgram(inputs: number, nodes: readonly Node[]): PlaneProgram {
  const writer = new ProgramWriter(inputs);
  const sets = nodes.flatMap((node) => node.monomials.map((set) => ({ node, set })));
  const places = new Map<Node, Map<number, Plane>>(nodes.map((node) => [node, new Map()]));
  return writer.finish(sets.length, (out, index) => {
    const { node, set } = sets[index]!;
    const known = places.get(node)!;
    const planeOf = (some: number): Plane =>
      isSingle(some) ? writer.input(inputOf(node, some)) : planeIn(known, some);
    const lowest = set & -set;
    known.set(set, writer.step(out, ZEROS, planeOf(set ^ lowest), planeOf(lowest)));
  });
}

/**
 * One server's program: of `inputs` opened bits, its shares of their masks and its shares of the m_S of each node in turn, its
 * shares of the nodes' polynomials.
 */
export function polynomialsProgram(inputs: number, nodes: readonly Node[], server: ServerName): PlaneProgram {
  const writer = new ProgramWriter(2 * inputs + countOf(nodes, (node) => node.monomials.length));
  const scratch = Array.from({ length: 2 * MAX_FAN_IN }, () => writer.plane());
  const polynomials = nodes.flatMap((node) => node.outputs.map((polynomial) => ({ node, polynomial })));
  const products = new Map<Node, Map<number, Plane>>();
  let at = 2 * inputs;
  for (const node of nodes) {
    products.set(node, new Map(node.monomials.map((set) => [set, writer.input(at++)])));
  }
  return writer.finish(polynomials.length, (out, index) => {
    const { node, polynomial } = polynomials[index]!;
    const shareOf = (set: number): Plane => {
      if (set === 0) return server === 'a' ? ONES : ZEROS;
      return isSingle(set) ? writer.input(inputs + inputOf(node, set)) : planeIn(products.get(node)!, set);
    };
    const fold = (product: readonly number[], depth: number, set: number, into: Plane): Plane => {
      const input = product[depth];
      if (input === undefined) return shareOf(set);
      const without = fold(product, depth + 1, set, scratch[2 * depth]!);
      const withIt = fold(product, depth + 1, set | (1 << input), scratch[2 * depth + 1]!);
      return writer.step(into, withIt, writer.input(node.inputs[input]!), without);
    };
    polynomial.forEach((product, k) => {
      if (k === 0) fold(product, 0, 0, out);
      else writer.step(out, out, ONES, fold(product, 0, 0, scratch[1]!));
    });
  });
}

/** The dealer's side of one node: writes m_S for each monomial into its plane of `out`, given the masks of the inputs. */
export function multiplyMasks(out: readonly Words[], monomials: Monomials, masks: readonly Words[]): void {
  assert(out.length === monomials.length, 'one plane for each monomial');
  const program = productsProgram(masks.length, [{ inputs: [...masks.keys()], outputs: [], monomials }]);
  kernels().runProgram(program, out, masks, masks[0]?.length ?? 0);
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

/** A server's side of one polynomial: out = its share of it. */
export function evaluatePolynomial(
  out: Words,
  polynomial: Polynomial,
  { opened, masks, products, monomials }: MaskedInputs,
  server: ServerName,
): Words {
  const node = { inputs: [...opened.keys()], outputs: [polynomial], monomials };
  const program = polynomialsProgram(opened.length, [node], server);
  kernels().runProgram(program, [out], [...opened, ...masks, ...products], out.length);
  return out;
}

/** The sum of a count over all nodes. */
export function countOf(nodes: readonly Node[], count: (node: Node) => number): number {
  return nodes.reduce((sum, node) => sum + count(node), 0);
}

/** The held bit that a set of one input is. */
function inputOf(node: Node, single: number): number {
  return node.inputs[31 - Math.clz32(single)]!;
}

function planeIn(planes: ReadonlyMap<number, Plane>, set: number): Plane {
  const plane = planes.get(set);
  assert(plane !== undefined, 'every monomial of a product is dealt');
  return plane;
}

function isSingle(set: number): boolean {
  return (set & (set - 1)) === 0;
}
