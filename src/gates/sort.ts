/**
 * Owns sort: (ring key, k ring columns) -> the k columns in ascending order of the key's lowest bits, read as a number without
 * sign; rows of equal keys keep their order. The key is a wire, columns are of either form; the result is a share.
 *
 * A radix sort on shares (Hamada, Ikarashi, Chida, Takahashi 2014; Chida et al. 2019): one pass of a stable counting sort for
 * each digit of up to 4 bits, lowest first. A pass computes shares of every row's rank (counting.ts), moves rows and ranks to an
 * order that nobody knows, opens the ranks there, and puts the rows where they belong. Nothing depends on the data, so
 * the plan is static. With keys of b bits and one column, rounds, then bytes a row of tape and (each way) online:
 *                                          n = 1,000         n = 10,000          n = 100,000
 *   4-bit digits, b = 8                    7,    312,  296   the same            the same
 *                 b = 20                   16,   792,  758
 *                 b = 40                   31, 1,592, 1,528
 *   odd-even merge network                 220, 1,830,  500  420, 5,790, 1,600   612, 6,870, 1,900
 *   sample sort (sample-sort.ts), any b    20,  3,032,  889  40,  1,719,   506   140,   935,   277
 *   1, 2, 3, 5 bits a digit, b = 20        61, 960, 840;  31, 640, 580;  22, 672, 630;  13, 1,152, 1,130
 * Sample sort is what long keys take; short ones, such as a flag that brings some rows to the front, take this. Digits of
 * 4 bits are the widest that cost little more than the cheapest, and rounds are what a distant server waits for.
 *
 * A pass, between a first and a second server, which change places from pass to pass. F are the digits' flags, x the columns
 * to move: ranks, keys with this digit set to 0, payload; x_1 + x_2 = x.
 *   1. first -> second: places and masked keys of the last pass; its share of F under its share of a fresh mask.
 *   2. second -> first: its share of F masked likewise, so that both hold F as wires; x_2 + m.
 *   3. first -> second: u = p(x_1 + x_2 + m) + a;  its share of the mask of the ranks.
 *   Now the second holds v = q(u) = q(p(x)) + R, R = q(p(m) + a), takes R off the ranks, and knows all places. It masks the keys
 *   once more, q(u) + b, which is a wire for the next pass, in which it is first and tells the places.
 * p, a are the first server's own, q, m, b the second's; the dealer knows all five, shares R (and b), and never learns
 * a place. So columns that were placed have masks that the dealer does not know: they are shares, as they were before.
 *
 * Who sees what. The first: x_2 + m, F and keys under masks, all uniform (m and b are the second's alone). The second: u, uniform (a
 * is the first's alone), F under a mask. Both: the places q(p(ranks)), a uniform permutation to each, since p and q
 * are each unknown to one of them, and new in each pass. Ranks are a permutation whatever the keys are. Opening the ranks
 * spends their part of a and R, which nothing else uses. Low bits of a key's mask show, as its low digits are 0; they are used
 * for nothing else.
 *
 * What it does not withstand: all other gates open nothing but masked values, so that a server which departs from the protocol
 * can spoil results and learn nothing. Here it learns: by adding to its share of F it makes ranks that are no permutation
 * and depend on digits, and sees them. `sort.bad-places` may notice that, afterwards. So both servers must follow the protocol
 * where a query sorts, and the disclosure statement says so.
 */
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { isPermutation, permuteRows, placeRows, uniformPermutation } from '../ring/permutation.ts';
import { add, neg, sub } from '../ring/ring.ts';
import type { RingVector, Words } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { digitTable, dropDigit, placeFlags, rankProducts, rankShare } from './counting.ts';
import { maskOf, requireShape, shareOf, wireOf } from './forms.ts';
import type { Gate, Opening, ServerName, ServerTape, ServerValue, Shape } from './gate.ts';
import type { OperationOf } from './operations.ts';
import {
  flagWords,
  messagesOf,
  type Pass,
  passesOf,
  placesWords,
  sortCost,
  sortLanes,
} from './sort-passes.ts';
import { concatRing, transfer, turnRows } from './transfer.ts';

const passesFor = ({ bits }: OperationOf<'sort'>, inputs: readonly Shape[]): readonly Pass[] =>
  passesOf(bits, inputs[0]!.length, inputs.length - 1);

export const sortGate: Gate<OperationOf<'sort'>> = {
  op: 'sort',

  infer({ bits }, inputs) {
    const [key, ...columns] = inputs;
    requireShape(key?.kind === 'ring' && key.form === 'wire', 'sort', 'the key is a ring wire');
    requireShape(key.length > 0 && columns.length > 0, 'sort', 'takes rows, and columns to sort');
    for (const { kind, length } of columns) {
      requireShape(
        kind === 'ring' && length === key.length,
        'sort',
        'columns are ring vectors, one element a row',
      );
    }
    requireShape(
      Number.isInteger(bits) && bits >= 1 && bits <= 64,
      'sort',
      'bits is an integer from 1 to 64',
    );
    return { kind: 'ring', form: 'share', length: columns.length * key.length };
  },

  cost: (operation, inputs) => sortCost(passesFor(operation, inputs), inputs[0]!.length),
  lanes: (operation, inputs) => sortLanes(passesFor(operation, inputs), inputs[0]!.length),

  deal(operation, inputs, masks, tape) {
    const rows = inputs[0]!.length;
    let keyMask = maskOf(masks[0]);
    for (const pass of passesFor(operation, inputs)) {
      const { first, second, lanes, columns } = pass;
      for (const block of pass.blocks) tape.dealRing(block.lane, digitTable(keyMask, block, pass));
      const flagMasks = tape.maskRing(lanes.flagMasks, (pass.domain - 1) * rows);
      tape.dealRing(lanes.products, rankProducts(flagMasks, rows));
      const handed = tape.ownWords(lanes.handedMask, second)(ringWords(columns * rows));
      const turned = turnRows(
        handed,
        rows,
        tape.ownWords(lanes.firstPermutation, first),
        tape.ownWords(lanes.firstMask, first),
      );
      const last = uniformPermutation(rows, tape.ownWords(lanes.secondPermutation, second));
      const moved = permuteRows(turned, last);
      if (!pass.isLast) {
        keyMask = partsOf(moved, pass, rows).keys;
        add(keyMask, keyMask, tape.ownWords(lanes.secondMask, second)(keyMask.length));
      }
      tape.dealRing(lanes.movedMask, moved);
    }
    return undefined;
  },

  *evaluate(operation, inputs, values, tape, server) {
    const rows = inputs[0]!.length;
    const passes = passesFor(operation, inputs);
    let moved = startOf(inputs, values, server);
    for (const pass of passes) moved = yield* sortPass(pass, moved, rows, tape, server);
    const told = yield* transfer(server, passes.at(-1)!.second, placesWords(rows), () =>
      paddedPlaces(knownTo(moved).places),
    );
    return { form: 'share', share: placeRows(moved.payload, placesIn(told, rows)) };
  },

  clear({ bits }, inputs, values) {
    const [key, ...columns] = values;
    const part = (row: number, half: 0 | 1): number => {
      const used = Math.max(0, Math.min(32, bits - 32 * half));
      return used === 0 ? 0 : (key![2 * row + half]! << (32 - used)) >>> 0;
    };
    const order = Uint32Array.from({ length: inputs[0]!.length }, (_, row) => row);
    order.sort((i, j) => part(i, 1) - part(j, 1) || part(i, 0) - part(j, 0) || i - j);
    return permuteRows(concatRing(columns), order);
  },
};

/** What a server holds between passes: rows in an order that nobody knows, and perhaps where they belong. */
interface Moved {
  /** Each row's place and masked key; undefined at the server that is about to be told. */
  readonly news: News | undefined;
  /** This server's shares of the keys' masks and of the payload. */
  readonly keyMask: RingVector;
  readonly payload: RingVector;
}

interface News {
  readonly places: Words;
  readonly keys: RingVector;
}

/** Before the first pass every row is in its place. */
function startOf(inputs: readonly Shape[], values: readonly ServerValue[], server: ServerName): Moved {
  const [key, ...columns] = values;
  const { masked: keys, mask: keyMask } = wireOf(key);
  const places = Uint32Array.from({ length: inputs[0]!.length }, (_, row) => row);
  const payload = concatRing(columns.map((column) => shareOf(column, 'ring', server)));
  return { news: { places, keys }, keyMask, payload };
}

function* sortPass(
  pass: Pass,
  moved: Moved,
  rows: number,
  tape: ServerTape,
  server: ServerName,
): Generator<Opening, Moved, Words> {
  const { first, second, lanes } = pass;
  const [newsWords, handedWords, movedWords] = messagesOf(pass, rows);
  const flagsEnd = flagWords(pass, rows);
  const ready = moved.news && countDigits(pass, moved, moved.news, tape, server);
  const told = yield* transfer(server, first, newsWords, () => {
    const { places, keys } = knownTo(moved);
    const news = pass.index === 0 ? [] : [paddedPlaces(places), keys];
    return concatRing([...news, ready!.masked]);
  });
  const counted = ready ?? countDigits(pass, moved, newsIn(told, rows), tape, server);
  /** The columns to move, once the other server's masked flags are there. */
  const columnsWith = (theirs: RingVector): RingVector => {
    const masked = add(newRing(theirs.length / 2), counted.masked, theirs);
    const products = tape.dealtRing(lanes.products, rows);
    const ranks = rankShare({ masked, mask: counted.mask }, products, rows, server);
    return concatRing([ranks, ...(pass.isLast ? [] : [counted.keys]), counted.payload]);
  };
  const handed = yield* transfer(server, second, handedWords, () => {
    const columns = columnsWith(told.subarray(newsWords - flagsEnd));
    add(columns, columns, tape.ownWords(lanes.handedMask)(columns.length));
    return concatRing([counted.masked, columns]);
  });
  const masks = tape.dealtRing(lanes.movedMask, pass.columns * rows);
  const mine = partsOf(masks, pass, rows);
  const turned = yield* transfer(server, first, movedWords, () => {
    const columns = columnsWith(handed.subarray(0, flagsEnd));
    add(columns, columns, handed.subarray(flagsEnd));
    const [permutation, mask] = [tape.ownWords(lanes.firstPermutation), tape.ownWords(lanes.firstMask)];
    return concatRing([turnRows(columns, rows, permutation, mask), mine.ranks]);
  });
  if (server === first)
    return { news: undefined, keyMask: mine.keys, payload: neg(mine.payload, mine.payload) };
  const permutation = uniformPermutation(rows, tape.ownWords(lanes.secondPermutation));
  const arrived = partsOf(permuteRows(turned.subarray(0, masks.length), permutation), pass, rows);
  sub(arrived.ranks, arrived.ranks, turned.subarray(masks.length));
  sub(arrived.ranks, arrived.ranks, mine.ranks);
  if (!pass.isLast) add(arrived.keys, arrived.keys, tape.ownWords(lanes.secondMask)(arrived.keys.length));
  return {
    news: { places: placesOf(arrived.ranks), keys: arrived.keys },
    keyMask: mine.keys,
    payload: sub(arrived.payload, arrived.payload, mine.payload),
  };
}

/** One server's part of a pass before it moves anything; rows are in their places. */
interface Counted {
  /** Its share of the flags plus its share of their mask, and that mask share. */
  readonly masked: RingVector;
  readonly mask: RingVector;
  /** Its shares of the keys with this digit set to 0, and of the payload. */
  readonly keys: RingVector;
  readonly payload: RingVector;
}

function countDigits(
  pass: Pass,
  moved: Moved,
  { places, keys }: News,
  tape: ServerTape,
  server: ServerName,
): Counted {
  const rows = places.length;
  const flags = newRing((pass.domain - 1) * rows);
  for (const block of pass.blocks) {
    placeFlags(flags, tape.dealtRing(block.lane, block.length * pass.domain), keys, places, block, pass);
  }
  const keyWire: ServerValue = { form: 'wire', masked: keys, mask: moved.keyMask };
  const rest = placeRows(shareOf(keyWire, 'ring', server), places);
  dropDigit(rest, flags, pass, server);
  const mask = tape.maskRing(pass.lanes.flagMasks, (pass.domain - 1) * rows);
  return {
    masked: add(flags, flags, mask),
    mask,
    keys: rest,
    payload: placeRows(moved.payload, places),
  };
}

/** Views of the columns that move in a pass. There are no keys in the last. */
function partsOf(columns: RingVector, { isLast }: Pass, rows: number) {
  const each = ringWords(rows);
  const keysEnd = isLast ? each : 2 * each;
  return {
    ranks: columns.subarray(0, each),
    keys: columns.subarray(each, keysEnd),
    payload: columns.subarray(keysEnd),
  };
}

function knownTo({ news }: Moved): News {
  assert(news, 'the server that tells the places knows them');
  return news;
}

function paddedPlaces(places: Words): Words {
  const padded = new Uint32Array(placesWords(places.length));
  padded.set(places);
  return padded;
}

/** The places at the start of a message. */
function placesIn(message: Words, rows: number): Words {
  return checkedPlaces(message.subarray(0, rows));
}

function newsIn(message: Words, rows: number): News {
  const start = placesWords(rows);
  return { places: placesIn(message, rows), keys: message.subarray(start, start + ringWords(rows)) };
}

/** Ranks in the clear as places; what does not fit a word becomes no place at all. */
function placesOf(ranks: RingVector): Words {
  const length = ranks.length / 2;
  return checkedPlaces(
    Uint32Array.from({ length }, (_, row) => (ranks[2 * row + 1] === 0 ? ranks[2 * row]! : length)),
  );
}

/** Throws `sort.bad-places`: from a server that follows the protocol, places are a permutation. */
function checkedPlaces(places: Words): Words {
  if (isPermutation(places)) return places;
  throw new MpcError('sort.bad-places', 'the other server opened places that are no order of the rows', {
    exitCode: EXIT.protocol,
    hint: 'one of the two servers is faulty, or they run different versions: do not use its results',
  });
}
