/**
 * Owns the list of operations a plan may hold, with their public parameters. Each has one gate file of the same name.
 * 64-bit constants are decimal strings in [-2^63, 2^63): a plan is JSON.
 */
export type Operation =
  // no round, no tape: on wires and shares alike
  | {
      readonly op: 'constant';
      readonly kind: 'ring' | 'bits';
      readonly value: string;
      readonly length: number;
    } // every element the same; a wire with mask 0
  | { readonly op: 'linear'; readonly coefficients: readonly string[]; readonly offset: string } // sum of c_k x_k + offset; a share if any input is
  | { readonly op: 'sum'; readonly groups: number } // x as groups x len, row-major -> groups
  | { readonly op: 'runningSum' } // element i: the sum of elements 0 to i
  | { readonly op: 'lowBit' } // ring -> bits: each element modulo 2
  | { readonly op: 'slice'; readonly start: number; readonly length: number }
  | { readonly op: 'concat' }
  | { readonly op: 'repeat'; readonly times: number; readonly each: boolean } // whole vector again and again, or each element `times` times
  | { readonly op: 'xor'; readonly invert: boolean } // of 1 or more bit vectors, then NOT if invert
  // one round, no correction
  | { readonly op: 'open' } // share -> wire under a fresh mask
  // no round of their own: wire(s) -> share
  | { readonly op: 'multiply' } // ring x ring
  | { readonly op: 'dot'; readonly groups: number } // two ring vectors as groups x len -> groups
  | {
      readonly op: 'matrixProduct';
      readonly rows: number;
      readonly inner: number;
      readonly columns: number;
    } // rows x inner times inner x columns, row-major
  | { readonly op: 'select' } // (bits b, ring x, ring y) -> b ? x : y
  | { readonly op: 'bitToRing' } // bits -> ring 0/1
  | { readonly op: 'and' } // 2 to 4 bit vectors
  | { readonly op: 'groupSum'; readonly domain: number } // (ring key in 0..domain-1, ring v_1..v_k) -> ring of domain*(1+k): counts, sums of v_1, ...; domain a power of two
  | { readonly op: 'oneHot'; readonly domain: number } // ring key -> bits of domain*n: plane g is [key = g]; domain a power of two
  | { readonly op: 'lookup'; readonly table: readonly string[] } // ring x in 0..D-1 -> table[x], D = table.length a power of two
  | { readonly op: 'truncate'; readonly bits: number } // ring x in [-2^62, 2^62) -> floor(x / 2^bits), at most 1 unit off
  // two rounds of its own, one way each: ring wires -> a wire
  | { readonly op: 'shuffle' } // columns of n -> all of them, their rows in one secret order
  // three rounds for each 4 bits, and one: (ring wire key, ring columns of n) -> all columns, rows in order of the key's lowest bits
  | { readonly op: 'sort'; readonly bits: number } // ascending, without sign, stable
  // rounds by the number of rows: (ring key, ring columns of n), all wires -> all columns, rows in order of the key
  | { readonly op: 'sampleSort'; readonly bits?: number; readonly first?: number } // ascending, stable, the first rows or all; keys in 0..2^bits-1, bits at most 63-L for 2^L rows
  // one round fewer than its AND-depth: bit wires, the planes of each input value over all instances -> a share of those of all outputs
  | { readonly op: 'circuit'; readonly circuit: string; readonly instances: number } // a packed circuit: src/circuits/packed.ts
  // up to two rounds of their own: ring wire -> bits share. `bits` is what is proven of x, as in the next two; nothing need be
  | { readonly op: 'lessThanZero'; readonly bits?: number }
  | { readonly op: 'equalsZero'; readonly bits?: number }
  // no round of their own, by function keys: ring wire -> bits share
  | { readonly op: 'dcfLessThanZero'; readonly bits: number } // x in [-2^(bits-1), 2^(bits-1))
  | { readonly op: 'dpfEqualsZero'; readonly bits: number }; // x in (-2^bits, 2^bits)

export type OperationName = Operation['op'];

/** The operation of that name. */
export type OperationOf<N extends OperationName> = Extract<Operation, { readonly op: N }>;

/** Those that cost nothing, on wires and shares alike. */
export type FreeName =
  | 'constant'
  | 'linear'
  | 'sum'
  | 'runningSum'
  | 'lowBit'
  | 'slice'
  | 'concat'
  | 'repeat'
  | 'xor';

/** Those that need their inputs masked, in the order of their operands. */
export type WireName = Exclude<OperationName, FreeName | 'open' | 'shuffle' | 'sort'>;
