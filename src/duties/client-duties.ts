/**
 * Owns what a party's client does in one collaboration: checks its rows at home, masks them, hands the same masked bytes
 * to both servers, and combines the result that its party is entitled to.
 * Sees its own rows and its own results. Must never send before its party approved the descriptor's digest, and never
 * mask two different sets of rows with one set of masks: what was masked is kept and sent again as it is.
 *
 * Files: upload (the masked rows), result.json. Masks are never on the disk: after a crash they are asked for again.
 */
import { existsSync } from 'node:fs';
import { unlessAborted } from '../base/abort.ts';
import { utf8 } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { ChunkSource } from '../channel/channel.ts';
import { Collector } from '../channel/streams.ts';
import type { ClientConfig } from '../config/role-config.ts';
import { combineOutputs, outputsOfBytes } from '../engine/combine.ts';
import { maskRows, uploadDigest } from '../engine/mask.ts';
import type { EffectContext } from '../host/host.ts';
import { planFor } from '../programs/compiled.ts';
import type { PartyRows } from '../rows/encode.ts';
import { prepareFiles, resultTable } from '../rows/prepare.ts';
import type { ResultTable } from '../sql/specification.ts';
import { SEED_BYTES, Seed } from '../tape/seed.ts';
import { fileSource, readWhole, writeWhole } from './chunk-files.ts';
import type { Desk } from './desk.ts';
import type { Queries, Query } from './queries.ts';
import { resultBytes } from './result-parcel.ts';
import { collaborationOf, findIn, Links, pathOf, type Run, type Workplace } from './workplace.ts';

type Context = EffectContext<Run>;

const SERVERS = ['server-a', 'server-b'] as const;

/** What a result file holds. */
export interface ResultFile {
  readonly collaboration: string;
  readonly table: ResultTable;
  readonly disclosure: readonly string[];
}

export class ClientDuties {
  readonly #place: Workplace;
  readonly #queries: Queries;
  readonly #config: ClientConfig;
  readonly #links: Links;
  readonly #desk: Desk;
  readonly #rows = new Map<string, PartyRows>();
  /** Both servers' halves of what this party's rows are masked with, until they are. */
  readonly #masks = new Map<string, MaskSeeds>();
  /** Open channels to both servers: masks come, masked rows go. */
  readonly #talks = new Map<string, Talk>();

  constructor(place: Workplace, queries: Queries, config: ClientConfig, desk: Desk) {
    this.#place = place;
    this.#desk = desk;
    this.#queries = queries;
    this.#config = config;
    this.#links = new Links(place);
  }

  /** Reads and checks this party's files. Nothing has been sent when this throws `rows.*`. */
  async prepareRows({ input }: Context): Promise<void> {
    const query = await this.#query(input.collaboration);
    if (!existsSync(this.#at(input, 'upload'))) await this.#readRows(input.collaboration, query);
  }

  /** Asks both servers for this party's mask seeds; waits until they have randomness. */
  async fetchMasks({ input, signal }: Context): Promise<void> {
    if (!existsSync(this.#at(input, 'upload')))
      this.#masks.set(keyOf(input), await this.#askForMasks(input, signal));
  }

  /** Masks the rows, keeps the masked bytes, forgets the masks and the rows that were handed in. */
  async maskRows({ input, signal }: Context): Promise<{ rows: string }> {
    const upload = this.#at(input, 'upload');
    const known = readWhole(upload);
    if (known !== undefined) {
      this.#forgetMasks(input);
      this.#desk.shred(input.collaboration);
      return { rows: uploadDigest(known) };
    }
    const query = await this.#query(input.collaboration);
    const rows = this.#rows.get(input.collaboration) ?? (await this.#readRows(input.collaboration, query));
    const [a, b] = this.#takeMasks(input) ?? (await this.#askForMasks(input, signal));
    const masked = maskRows({
      plan: query.plan,
      party: this.#config.party,
      rows,
      subSeedA: a,
      subSeedB: b,
    });
    a.erase();
    b.erase();
    await writeWhole(upload, masked);
    this.#forgetMasks(input);
    this.#rows.delete(input.collaboration);
    this.#desk.shred(input.collaboration);
    return { rows: uploadDigest(masked) };
  }

  /** Hands the masked rows to both servers, on the channels the masks came by; ends when both have them on their disks. */
  async uploadRows({ input, signal }: Context): Promise<void> {
    const { give, sent } = this.#talks.get(keyOf(input)) ?? this.#talk(input);
    give();
    await unlessAborted(sent, signal);
    this.#links.close(input, 'rows');
    this.#talks.delete(keyOf(input));
  }

  /** Fetches both halves, combines them, writes the result file. Throws `result.servers-differ`. */
  async fetchAndCombine({ input, signal }: Context): Promise<void> {
    const query = await this.#query(input.collaboration);
    const plan = planFor(query, this.#config.party);
    const halves = await unlessAborted(
      Promise.all(
        SERVERS.map((server) => {
          const collector = new Collector(resultBytes(plan));
          this.#links.open(input, server, 'result', { incoming: collector });
          return collector.whole;
        }),
      ),
      signal,
    );
    const [a, b] = halves.map((half) => outputsOfBytes(plan, half));
    assert(a !== undefined && b !== undefined, 'two halves make a result');
    const table = resultTable(query, this.#config.party, combineOutputs(a, b));
    const file: ResultFile = { collaboration: input.collaboration, table, disclosure: query.disclosure };
    const bytes = utf8.encode(`${JSON.stringify(file)}\n`);
    const copy = this.#config.result;
    await Promise.all([
      writeWhole(this.#at(input, 'result.json'), bytes),
      copy === undefined ? undefined : writeWhole(copy, bytes),
    ]);
  }

  /** Ends what is open; masks that were never used are destroyed. */
  async shred(input: Run): Promise<void> {
    this.#links.close(input);
    this.#talks.delete(keyOf(input));
    this.#forgetMasks(input);
    this.#rows.delete(input.collaboration);
    this.#desk.shred(input.collaboration);
  }

  /** The result of that attempt, once it is combined. */
  result(run: Run): ResultFile | undefined {
    const bytes = readWhole(this.#at(run, 'result.json'));
    return bytes === undefined ? undefined : JSON.parse(utf8.decode(bytes)); // written by `fetchAndCombine`
  }

  stop(): void {
    this.#links.closeAll();
  }

  async #readRows(id: string, query: Query): Promise<PartyRows> {
    const { descriptor } = collaborationOf(this.#place, id);
    const { party, tables } = this.#config;
    const files = descriptor.inputs
      .filter((entry) => entry.party === party)
      .map(({ table, maxRows }) => {
        const file = this.#desk.rows(id, table) ?? tables[table];
        if (file === undefined)
          throw new MpcError(
            'rows.no-file',
            `this party brings rows to ${table}, but no file is named for it`,
            {
              place: { party },
              hint: `add ${table} = "file.csv" under [client.tables], or hand them in at the client service`,
              exitCode: EXIT.badData,
            },
          );
        return { table, file, maxRows };
      });
    const rows = await prepareFiles(query, { party, files });
    this.#rows.set(id, rows);
    return rows;
  }

  async #query(id: string): Promise<Query> {
    const { digest, descriptor } = collaborationOf(this.#place, id);
    return this.#queries.of(digest, descriptor, findIn(this.#place));
  }

  async #askForMasks(input: Run, signal: AbortSignal): Promise<MaskSeeds> {
    const [a, b] = await unlessAborted(this.#talk(input).masks, signal);
    return [seedOf(a), seedOf(b)];
  }

  /** Opens the channels to both servers (again); on each the rows go once they are given, and are on the disk. */
  #talk(input: Run): Talk {
    let give = (): void => {};
    const given = new Promise<void>((resolve) => {
      give = resolve;
    });
    const upload = fileSource({ path: this.#at(input, 'upload') });
    const outgoing: ChunkSource = {
      chunk: async (index) => {
        await given;
        return upload.chunk(index);
      },
    };
    const open = (server: (typeof SERVERS)[number]) => {
      const incoming = new Collector(SEED_BYTES);
      const { done } = this.#links.open(input, server, 'rows', { incoming, outgoing });
      return { masks: incoming.whole, done };
    };
    const [a, b] = [open('server-a'), open('server-b')];
    const talk: Talk = {
      masks: Promise.all([a.masks, b.masks]),
      sent: Promise.all([a.done, b.done]),
      give,
    };
    talk.masks.catch(() => {}); // one that goes on after a restart has masked its rows already
    talk.sent.catch(() => {}); // heard of by whoever has given rows
    this.#talks.set(keyOf(input), talk);
    return talk;
  }

  /** Whoever takes them is the only one who has them: erased seeds must never be found here. */
  #takeMasks(input: Run): MaskSeeds | undefined {
    const seeds = this.#masks.get(keyOf(input));
    this.#masks.delete(keyOf(input));
    return seeds;
  }

  #forgetMasks(input: Run): void {
    for (const seed of this.#takeMasks(input) ?? []) seed.erase();
  }

  #at(input: Run, ...names: string[]): string {
    return pathOf(this.#place, input, ...names);
  }
}

type MaskSeeds = readonly [Seed, Seed];

interface Talk {
  readonly masks: Promise<readonly [Uint8Array, Uint8Array]>;
  /** The masked rows may go. */
  readonly give: () => void;
  /** Resolves when both servers have them on their disks. */
  readonly sent: Promise<unknown>;
}

const keyOf = ({ collaboration, attempt }: Run): string => `${collaboration}.${attempt}`;

/** The bytes are erased. */
function seedOf(bytes: Uint8Array): Seed {
  if (bytes.length === SEED_BYTES) {
    const seed = new Seed(bytes);
    bytes.fill(0);
    return seed;
  }
  throw new MpcError('transfer.wrong-size', `a server's half of the masks has ${bytes.length} bytes`, {
    hint: 'compare versions of mpc on both sides',
    exitCode: EXIT.protocol,
  });
}
