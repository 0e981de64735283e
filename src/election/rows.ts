/**
 * Owns what the chapter of elections keeps, as plain JSON, and how its readers find it.
 * Must never hold anything private.
 */
import type { ReadTable } from '../coordination/chapter.ts';
import type { Applied, StateView } from '../coordination/records.ts';
import { ELECTION_SERVERS, type ElectionDescriptor } from './descriptor.ts';
import { type BoxItem, unpackItems } from './items.ts';
import type { ElectionStatus, LifeSnapshot } from './life.ts';
import { unpackVoters } from './voters.ts';

export const ELECTIONS = 'elections';

/** How far one server says it is. */
export interface Progress {
  /** Batches that it holds, and whose proofs it has verified. */
  readonly held: number;
  readonly verified: number;
  readonly rejected: number;
}

/** One election as everyone sees it. */
export interface Election {
  readonly id: string;
  readonly digest: string;
  readonly createdMs: number;
  readonly changedMs: number;
  readonly status: ElectionStatus;
  readonly life: LifeSnapshot;
  /** Keys in the list so far, and commands that brought them. */
  readonly voters: number;
  readonly lists: number;
  readonly batches: number;
  readonly ballots: number;
  readonly chain: string;
  readonly history: string;
  readonly progress: Readonly<Record<string, Progress>>;
}

/** Ballots that came into the box together. */
export interface Batch {
  /** Position of the first. */
  readonly from: number;
  readonly items: string;
  /** The chain with them. */
  readonly chain: string;
}

/** What one server said of the proofs of some batches. */
export interface Verdict {
  readonly rejected: readonly (readonly [number, string])[];
}

export const keyOfPart = (id: string, part: number): string => `${id}/${part}`;
export const keyOfVerdict = (id: string, server: string, batches: number): string =>
  `${id}/${server}/${batches}`;

/** The chapter's tables, by whoever reads them. */
export interface ElectionTables {
  readonly elections: ReadTable<Election>;
  readonly descriptors: ReadTable<ElectionDescriptor>;
  readonly lists: ReadTable<string>;
  readonly batches: ReadTable<Batch>;
  readonly verdicts: ReadTable<Verdict>;
}

export function tablesOf(table: <Row>(name: string) => ReadTable<Row>): ElectionTables {
  return {
    elections: table('elections'),
    descriptors: table('descriptors'),
    lists: table('lists'),
    batches: table('batches'),
    verdicts: table('verdicts'),
  };
}

/** What readers may ask about elections. */
export class ElectionsView {
  readonly #table: <Row>(name: string) => ReadTable<Row>;

  constructor(state: Pick<StateView, 'table'>) {
    this.#table = (name) => state.table(ELECTIONS, name);
  }

  election(id: string): Election | undefined {
    return this.#tables().elections.get(id);
  }

  /** Sorted by the time of their creation, then by id. */
  elections(): Election[] {
    return [...this.#tables().elections.entries()]
      .map(([, election]) => election)
      .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  }

  descriptor(id: string): ElectionDescriptor | undefined {
    return this.#tables().descriptors.get(id);
  }

  /** The voters' keys, in the order of their numbers. */
  voters(id: string): Uint8Array[] {
    const { lists } = this.#tables();
    const count = this.election(id)?.lists ?? 0;
    return Array.from(
      { length: count },
      (_, at) => unpackVoters(lists.get(keyOfPart(id, at)) ?? '') ?? [],
    ).flat();
  }

  /** The ballots of one batch, and the position of the first. */
  batch(
    id: string,
    index: number,
  ): { readonly from: number; readonly items: BoxItem[]; readonly chain: string } | undefined {
    const found = this.#tables().batches.get(keyOfPart(id, index));
    return found && { from: found.from, items: unpackItems(found.items) ?? [], chain: found.chain };
  }

  /** The ballot at a position. */
  itemAt(id: string, position: number): BoxItem | undefined {
    let [low, high] = [0, (this.election(id)?.batches ?? 0) - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#tables().batches.get(keyOfPart(id, middle))?.from ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    const batch = this.batch(id, low);
    return batch?.items[position - batch.from];
  }

  /** What a server rejected so far: reasons by position. */
  rejected(id: string, server: string): Map<number, string> {
    const found = new Map<number, string>();
    const { verdicts } = this.#tables();
    const verified = this.election(id)?.progress[server]?.verified ?? 0;
    for (let batches = 1; batches <= verified; batches++)
      for (const [position, reason] of verdicts.get(keyOfVerdict(id, server, batches))?.rejected ?? [])
        found.set(position, reason);
    return found;
  }

  #tables(): ElectionTables {
    return tablesOf(this.#table);
  }
}

/** What a command did to the election it is about. */
export interface ElectionChange {
  readonly before: Election | undefined;
  readonly after: Election;
}

/** Undefined for a command that was refused, repeated, or is about something else. */
export function electionChange({ changes }: Pick<Applied, 'changes'>): ElectionChange | undefined {
  const change = changes.find(({ chapter, table }) => chapter === ELECTIONS && table === 'elections');
  if (change?.after === undefined) return undefined;
  // This chapter put both.
  return { before: change.before as Election | undefined, after: change.after as Election };
}

export const isElectionServer = (address: string): boolean =>
  ELECTION_SERVERS.some((server) => server === address);
