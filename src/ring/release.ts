/**
 * Owns giving a buffer's memory back at once, before the collector gets to it: node:crypto makes a new buffer for every output, and
 * where a million of them wait to be collected, each next one is memory that is not in the cache. Must never release what anything
 * else may still read: the buffer is empty afterwards.
 *
 * `ArrayBuffer.prototype.transfer` (ECMAScript 2024) with length 0 does it. Node 22 has it; the V8 of Node 20 has it behind a flag that
 * contexts made later see. Where there is neither, the collector does the work, later.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Words } from './words.ts';

type Transfer = (this: ArrayBufferLike, length: number) => unknown;

/** Undefined until first asked for; null where this machine has none. */
let transfer: Transfer | null | undefined;

/** Empties the buffer under a view that is the whole of it; leaves any other alone. */
export function release(view: Uint8Array | Words): void {
  transfer ??= findTransfer();
  if (transfer === null || view.byteLength !== view.buffer.byteLength) return;
  transfer.call(view.buffer, 0);
}

function findTransfer(): Transfer | null {
  const known: unknown = Reflect.get(ArrayBuffer.prototype, 'transfer');
  if (typeof known === 'function') return known as Transfer; // the standard's function of that name
  setFlagsFromString('--harmony-rab-gsab-transfer');
  const found: unknown = runInNewContext('ArrayBuffer.prototype.transfer');
  return typeof found === 'function' ? (found as Transfer) : null; // the same, of another context
}
