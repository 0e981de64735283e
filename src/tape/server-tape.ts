/**
 * Owns a server's side of a tape. Server A's masks and dealt shares are its keystream: its tape is its seed, and those
 * lanes that both servers read. Server B's masks are its keystream, its dealt shares are the corrections. What is not
 * keystream is read at random from a file or from memory.
 * Must never be used for two input sets: the binding is persisted by the session before anything is opened.
 */
import { bytesOfWords } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { Kind, ServerTape } from '../gates/gate.ts';
import { clearPadding } from '../ring/bits.ts';
import type { BitVector, RingVector, WordStream, Words } from '../ring/words.ts';
import type { InputSlice, RowRange } from './input-mask.ts';
import { InputMasks } from './input-mask.ts';
import { GATES, Keystream } from './keystream.ts';
import type { TapeLayout } from './layout.ts';
import { laneBytes, placeOf, tapeLayout } from './layout.ts';
import type { Seed } from './seed.ts';

/** Fills `into` with the corrections from byte `offset` on; returns how many bytes there were. */
export type TapeReader = (offset: number, into: Uint8Array) => number;

/** A server's whole tape. */
export interface ServerTapes {
  /** The tape of gate node `id`. */
  node(id: number): ServerTape;
  /** This server's share of the mask of input node `id`, or of some rows of it. */
  inputMask(id: number, slices: readonly InputSlice[], kind: Kind, rows?: RowRange): Words;
}

/** Corrections, and where each lies among them. */
interface Corrections {
  readonly layout: TapeLayout;
  readonly read: TapeReader;
}

const NO_CORRECTIONS: Corrections = { layout: tapeLayout([]), read: () => 0 };

/** Server A's tape: a seed and, where the plan has lanes for both servers, those. */
export function tapeOfServerA(seed: Seed, { layout, read } = NO_CORRECTIONS): ServerTapes {
  const keystream = new Keystream(seed, GATES);
  const inputMasks = new InputMasks(seed);
  return {
    node: (id) => ({
      ...masksOf(keystream, id),
      dealtToBoth: (lane, count) => corrections(layout, read, id, lane, 'bits', 32 * count, undefined),
      dealtRing: (lane, length, out) => keystream.ring(id, lane, length, out),
      dealtBits: (lane, length, out) => keystream.bits(id, lane, length, out),
    }),
    inputMask: (id, slices, kind, rows) => inputMasks.of(slices, id, kind, rows),
  };
}

/** Server B's tape: a seed, and corrections laid out by the plan. */
export function tapeOfServerB(seed: Seed, layout: TapeLayout, read: TapeReader): ServerTapes {
  const keystream = new Keystream(seed, GATES);
  const inputMasks = new InputMasks(seed);
  return {
    node: (id) => ({
      ...masksOf(keystream, id),
      dealtToBoth: (lane, count) => corrections(layout, read, id, lane, 'bits', 32 * count, undefined),
      dealtRing: (lane, length, out) => corrections(layout, read, id, lane, 'ring', length, out),
      dealtBits: (lane, length, out) =>
        clearPadding(corrections(layout, read, id, lane, 'bits', length, out), length),
    }),
    inputMask: (id, slices, kind, rows) => inputMasks.of(slices, id, kind, rows),
  };
}

/** A reader of corrections that are all in memory. */
export function memoryReader(corrections: Uint8Array): TapeReader {
  return (offset, into) => {
    const found = corrections.subarray(offset, offset + into.length);
    into.set(found);
    return found.length;
  };
}

function masksOf(keystream: Keystream, node: number): Pick<ServerTape, 'maskRing' | 'maskBits' | 'ownWords'> {
  return {
    ownWords: (lane: number): WordStream => keystream.stream(node, lane),
    maskRing: (lane: number, length: number): RingVector => keystream.ring(node, lane, length),
    maskBits: (lane: number, length: number): BitVector => keystream.bits(node, lane, length),
  };
}

function corrections(
  layout: TapeLayout,
  read: TapeReader,
  node: number,
  lane: number,
  kind: Kind,
  length: number,
  out: Words | undefined,
): Words {
  const { offset, dealt } = placeOf(layout, node, lane);
  assert(dealt.kind === kind && dealt.length === length, 'a dealt lane is read whole, as it was declared');
  const words = out ?? new Uint32Array(laneBytes(dealt) / 4);
  if (read(offset, bytesOfWords(words)) !== laneBytes(dealt)) {
    throw new MpcError('tape.truncated', `the tape ends inside the corrections of node ${node}`, {
      hint: 'Ask the dealer for the tape of this collaboration again.',
      exitCode: EXIT.ioError,
    });
  }
  return words;
}
