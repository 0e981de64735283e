/**
 * Owns what follows from the tables of the elections and is asked for at every ballot: which voters there are, which of their
 * ballots are boxed. Built again from the tables whenever it does not fit them.
 * Must never hold a fact of its own: a chapter with an empty memory decides the same.
 */
import { BallotType } from '../ballot/election-type.ts';
import { assert } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Tables } from '../coordination/chapter.ts';
import { BALLOTS_PER_VOTER, type ElectionDescriptor, kindOfBallots } from './descriptor.ts';
import { type BoxItem, isSignedBy, unpackItems } from './items.ts';
import { type Batch, type Election, keyOfPart } from './rows.ts';
import { unpackVoters } from './voters.ts';

/** Ballots in one batch: its verifier shares are one chunk of a channel, and a reader of the log is not held up by it for long. */
const BATCH_BALLOTS = 512;

export const mostInBatch = (type: BallotType): number =>
  Math.min(BATCH_BALLOTS, Math.floor(LIMITS.chunkBytes / (type.sizes.verifierShare + 1)));

/** Signatures that were found good, by what they are over and of. */
export class SignatureMemo {
  readonly #known = new Set<string>();
  /** Past it the oldest are checked again where they come back. */
  readonly #most = 65_536;

  isGood(election: string, key: Uint8Array, item: BoxItem): boolean {
    const name = nameOf(election, item);
    if (this.#known.has(name)) return true;
    if (!isSignedBy(election, key, item)) return false;
    this.#keep(name);
    return true;
  }

  /** Whoever made the signature need not check it. */
  note(election: string, item: BoxItem): void {
    this.#keep(nameOf(election, item));
  }

  #keep(name: string): void {
    this.#known.add(name);
    if (this.#known.size > this.#most)
      for (const oldest of this.#known) {
        this.#known.delete(oldest);
        break;
      }
  }
}

const nameOf = (election: string, { voter, counter, contents, signature }: BoxItem): string =>
  `${election} ${voter}.${counter} ${Buffer.from(contents).toString('latin1')}${Buffer.from(signature).toString('latin1')}`;

/** What is known of one election's box. */
export class BoxFacts {
  readonly descriptor: ElectionDescriptor;
  readonly ballotType: BallotType;
  readonly mostInBatch: number;
  readonly #election: string;
  readonly #keys: readonly Uint8Array[];
  readonly #memo: SignatureMemo;
  /** Counters of the boxed ballots, by voter. */
  readonly #counters = new Map<number, number[]>();
  batches = 0;

  constructor(
    election: string,
    descriptor: ElectionDescriptor,
    keys: readonly Uint8Array[],
    memo: SignatureMemo,
  ) {
    this.descriptor = descriptor;
    this.ballotType = new BallotType(kindOfBallots(descriptor));
    this.mostInBatch = mostInBatch(this.ballotType);
    this.#election = election;
    this.#keys = keys;
    this.#memo = memo;
  }

  isFromItsVoter(item: BoxItem): boolean {
    const key = this.#keys[item.voter];
    return key !== undefined && this.#memo.isGood(this.#election, key, item);
  }

  /** Items whose voter has no boxed ballot of that counter, nor as many as a voter may have. */
  newOf(items: readonly BoxItem[]): BoxItem[] {
    const fresh = new Map<number, number[]>();
    return items.filter(({ voter, counter }) => {
      const known = this.#counters.get(voter) ?? [];
      const now = fresh.get(voter) ?? [];
      if (known.includes(counter) || now.includes(counter)) return false;
      if (known.length + now.length >= BALLOTS_PER_VOTER) return false;
      fresh.set(voter, [...now, counter]);
      return true;
    });
  }

  note(items: readonly BoxItem[]): void {
    for (const { voter, counter } of items)
      this.#counters.set(voter, [...(this.#counters.get(voter) ?? []), counter]);
    this.batches++;
  }
}

export class BoxMemory {
  readonly #memo: SignatureMemo;
  readonly #boxes = new Map<string, BoxFacts>();
  readonly #lists = new Map<string, { readonly lists: number; readonly names: ReadonlySet<string> }>();

  constructor(memo: SignatureMemo = new SignatureMemo()) {
    this.#memo = memo;
  }

  keys({ id, lists }: Election, tables: Tables): Uint8Array[] {
    const table = tables.table<string>('lists');
    return Array.from(
      { length: lists },
      (_, at) => unpackVoters(table.get(keyOfPart(id, at)) ?? '') ?? [],
    ).flat();
  }

  /** The keys of the list so far, as texts. */
  voters(election: Election, tables: Tables): ReadonlySet<string> {
    const known = this.#lists.get(election.id);
    if (known?.lists === election.lists) return known.names;
    const names = new Set(known?.names ?? []);
    const table = tables.table<string>('lists');
    for (
      let part = known === undefined || known.lists > election.lists ? 0 : known.lists;
      part < election.lists;
      part++
    )
      for (const key of unpackVoters(table.get(keyOfPart(election.id, part)) ?? '') ?? [])
        names.add(Buffer.from(key).toString('base64url'));
    this.#lists.set(election.id, { lists: election.lists, names });
    return names;
  }

  /** What is known of the box as the tables have it now. */
  of(election: Election, tables: Tables): BoxFacts {
    const { id, batches } = election;
    let facts = this.#boxes.get(id);
    if (facts === undefined || facts.batches > batches) {
      const descriptor = tables.table<ElectionDescriptor>('descriptors').get(id);
      assert(descriptor !== undefined, 'an election has its descriptor');
      facts = new BoxFacts(id, descriptor, this.keys(election, tables), this.#memo);
      this.#lists.delete(id);
      this.#boxes.set(id, facts);
    }
    const table = tables.table<Batch>('batches');
    while (facts.batches < batches)
      facts.note(unpackItems(table.get(keyOfPart(id, facts.batches))?.items ?? '') ?? []);
    return facts;
  }
}
