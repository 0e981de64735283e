/**
 * Owns the plan of a sort: its passes, what each message holds, and the lanes of the tape. Derivation: sort.ts.
 * Must never depend on anything but the number of rows, of payload columns and of key bits: dealer and servers compute it alike.
 */
import type { Block } from '../ring/bitslice.ts';
import { blocksOf } from '../ring/bitslice.ts';
import { ringWords } from '../ring/words.ts';
import type { DealtLane, GateCost, ServerName } from './gate.ts';

/** Widest digit: wider ones save rounds and cost 2^width. */
const DIGIT_BITS = 4;
/** Ring elements of one lane of one-hots: 256 KiB. */
const LANE_ELEMENTS = 2 ** 15;
/** Lanes of a pass before those of its one-hots. */
const FIXED_LANES = 8;

/** One digit of the key: rows are put into the order of this digit, stably. */
export interface Pass {
  readonly index: number;
  /** The digit's lowest bit, and how many values it has. */
  readonly shift: number;
  readonly domain: number;
  /** Moves the rows first; it is the one that knows the last pass's places first. */
  readonly first: ServerName;
  readonly second: ServerName;
  readonly isLast: boolean;
  /** Columns that move: the rows' ranks, the rest of the key unless this is the last pass, the payload. */
  readonly columns: number;
  readonly lanes: {
    readonly flagMasks: number;
    readonly products: number;
    readonly handedMask: number;
    readonly firstPermutation: number;
    readonly firstMask: number;
    readonly secondPermutation: number;
    readonly secondMask: number;
    readonly movedMask: number;
  };
  /** Rows whose one-hots share a lane, and that lane. */
  readonly blocks: readonly (Block & { readonly lane: number })[];
}

/** The passes from the lowest digit up; digits are as even as they can be. */
export function passesOf(bits: number, rows: number, payload: number): readonly Pass[] {
  const count = Math.ceil(bits / DIGIT_BITS);
  const digits = Array.from(
    { length: count },
    (_, k) => Math.floor(((k + 1) * bits) / count) - Math.floor((k * bits) / count),
  );
  let shift = 0;
  let lane = 0;
  return digits.map((width, index) => {
    const domain = 2 ** width;
    const isLast = index === count - 1;
    const base = lane;
    const blocks = blocksOf(rows, LANE_ELEMENTS / domain).map((block) => ({
      ...block,
      lane: base + FIXED_LANES + block.index,
    }));
    lane = base + FIXED_LANES + blocks.length;
    const low = shift;
    shift += width;
    return {
      index,
      shift: low,
      domain,
      ...(index % 2 === 0 ? { first: 'a', second: 'b' } : { first: 'b', second: 'a' }),
      isLast,
      columns: (isLast ? 1 : 2) + payload,
      lanes: {
        flagMasks: base,
        products: base + 1,
        handedMask: base + 2,
        firstPermutation: base + 3,
        firstMask: base + 4,
        secondPermutation: base + 5,
        secondMask: base + 6,
        movedMask: base + 7,
      },
      blocks,
    };
  });
}

/** Words of a message that holds the rows' places: one each, padded to an even number. */
export const placesWords = (rows: number): number => rows + (rows % 2);

/** Words of a pass's flags: all values of the digit but the last. */
export const flagWords = ({ domain }: Pass, rows: number): number => ringWords((domain - 1) * rows);

/** Words of the three messages of a pass: from its first server, from the second, from the first. */
export function messagesOf(pass: Pass, rows: number): readonly [number, number, number] {
  const news = pass.index === 0 ? 0 : placesWords(rows) + ringWords(rows);
  const flags = flagWords(pass, rows);
  const moved = ringWords(pass.columns * rows);
  return [news + flags, flags + moved, moved + ringWords(rows)];
}

/** Exact cost: three messages a pass, and the last places. */
export function sortCost(passes: readonly Pass[], rows: number): GateCost {
  const bytes = { a: 0, b: 0 };
  let elements = 0;
  for (const pass of passes) {
    const [news, handed, moved] = messagesOf(pass, rows);
    bytes[pass.first] += 4 * (news + moved);
    bytes[pass.second] += 4 * handed;
    elements += (pass.domain + 1 + pass.columns) * rows;
  }
  bytes[passes.at(-1)!.second] += 4 * placesWords(rows);
  return {
    rounds: 3 * passes.length + 1,
    bytesOnline: bytes.a,
    bytesOnlineB: bytes.b,
    bytesTape: 4 * ringWords(elements),
  };
}

/** In a pass: the one-hots block by block, the products, the masks of what moved. */
export function sortLanes(passes: readonly Pass[], rows: number): readonly DealtLane[] {
  const ring = (lane: number, length: number): DealtLane => ({ lane, kind: 'ring', length });
  return passes.flatMap(({ blocks, lanes, domain, columns }) => [
    ...blocks.map((block) => ring(block.lane, block.length * domain)),
    ring(lanes.products, rows),
    ring(lanes.movedMask, columns * rows),
  ]);
}
