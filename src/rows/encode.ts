/**
 * Owns the step from a party's files to plain words, laid out as its slices of the plan's input nodes. Only what the plan
 * uses is encoded; absent rows are zeros; rows stand in the order that the plan expects. Must never keep an object a cell, nor let a plain word leave this machine.
 */
import { assert } from '../base/errors.ts';
import { uploadParts } from '../engine/mask.ts';
import type { Kind } from '../gates/gate.ts';
import type { InputOperation, NodeId, Plan } from '../plan/plan.ts';
import { type Words, wordsOf } from '../ring/words.ts';
import type { TableSpecification } from '../sql/specification.ts';
import type { Units } from './cells.ts';
import { rowsFault } from './faults.ts';
import { readTable } from './table.ts';

/** Plain words of each input node that the party has a slice in. */
export type PartyRows = ReadonlyMap<NodeId, Words>;

export interface EncodeOptions {
  readonly plan: Plan;
  readonly tables: readonly TableSpecification[];
  readonly party: string;
  readonly files: readonly { readonly table: string; readonly file: string; readonly maxRows: number }[];
  /** Every file must have exactly `maxRows` rows. */
  readonly exact?: boolean;
}

interface Target {
  readonly input: InputOperation;
  /** Place of the column in the table's declaration; undefined for `present`. */
  readonly column: number | undefined;
  readonly words: Words;
}

/** Reads and encodes all files of a party. Throws `rows.*` before anything could be sent. */
export async function encodeRows({
  plan,
  tables,
  party,
  files,
  exact = false,
}: EncodeOptions): Promise<PartyRows> {
  const encoded = new Map<NodeId, Words>();
  const targets: Target[] = uploadParts(plan, party).map(({ node, kind, capacity }) => {
    const operation = plan.nodes[node]?.operation;
    assert(operation?.op === 'input', 'a part of an upload is an input node');
    const words = new Uint32Array(wordsOf(kind, capacity));
    encoded.set(node, words);
    const columns = tables.find(({ name }) => name === operation.table)?.columns ?? [];
    const column =
      operation.column === undefined ? undefined : columns.findIndex(({ name }) => name === operation.column);
    return { input: operation, column, words };
  });
  for (const { table: name, file, maxRows } of files) {
    const table = tables.find((declared) => declared.name === name);
    if (table === undefined)
      throw rowsFault(
        'unknown-table',
        `the query declares no table ${name}`,
        { party, file },
        'check the names under [client.tables]',
      );
    const own = targets.filter(({ input }) => input.table === name);
    const { rows, orders } = await readTable({ file, table, party, maxRows }, (row, values) => {
      for (const target of own) put(target, row, values);
    });
    if (exact && rows !== maxRows)
      throw rowsFault(
        'count',
        `there are ${rows} rows, ${maxRows} were agreed on`,
        { party, file },
        'bring exactly the agreed number: it is public',
      );
    const key = (table.keys ?? []).findIndex((columns) => columns.join() === table.order?.join());
    const order = orders[key];
    if (order) for (const { words, input } of own) reorder(words, input.kind, order);
  }
  return encoded;
}

function put({ input, column, words }: Target, row: number, values: readonly (Units | null)[]): void {
  const value = column === undefined ? 1 : (values[column] ?? null);
  const coded = input.encoding === 'known' ? (value === null ? 0 : 1) : (value ?? 0);
  if (input.kind === 'bits') {
    if (Number(coded) === 1) words[row >>> 5] = words[row >>> 5]! | (1 << (row & 31));
  } else if (typeof coded === 'number') {
    // Storing a number in a word keeps it modulo 2^32, exactly, for every safe integer and either sign.
    words[2 * row] = coded;
    words[2 * row + 1] = Math.floor(coded / 2 ** 32);
  } else {
    words[2 * row] = Number(BigInt.asUintN(32, coded));
    words[2 * row + 1] = Number(BigInt.asUintN(32, coded >> 32n));
  }
}

/** Puts the row with the number order[i] in place i; padding stays behind all rows. */
function reorder(words: Words, kind: Kind, order: Uint32Array): void {
  const before = words.slice();
  if (kind === 'bits') words.fill(0);
  order.forEach((row, place) => {
    if (kind === 'bits') {
      words[place >>> 5] = words[place >>> 5]! | (((before[row >>> 5]! >>> (row & 31)) & 1) << (place & 31));
    } else {
      words[2 * place] = before[2 * row]!;
      words[2 * place + 1] = before[2 * row + 1]!;
    }
  });
}
