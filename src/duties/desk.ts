/**
 * Owns what a party's people hand in while their client runs: which descriptors they approve, and rows of a collaboration's tables.
 * Must never keep rows that do not fit, nor keep any once they are masked: the files are its owner's alone, and shredded.
 *
 * Files, in the client's own directory: desk/<collaboration>/approved (the digest) and desk/<collaboration>/<table>.csv.
 */
import { createWriteStream, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { utf8 } from '../base/bytes.ts';
import { readWhole, shredFile, writeWhole } from './chunk-files.ts';

const OWNER_ONLY = 0o600;

export class Desk {
  readonly #directory: string;
  #taken = 0;

  /** `state`: the client's own directory. */
  constructor(state: string) {
    this.#directory = join(state, 'desk');
  }

  /** The digest that was approved for that collaboration. */
  approved(collaboration: string): string | undefined {
    const bytes = readWhole(join(this.#directory, collaboration, 'approved'));
    return bytes === undefined ? undefined : utf8.decode(bytes);
  }

  async approve(collaboration: string, digest: string): Promise<void> {
    await writeWhole(join(this.#directory, collaboration, 'approved'), utf8.encode(digest));
  }

  /** The file with that table's rows. */
  rows(collaboration: string, table: string): string | undefined {
    const file = this.#fileOf(collaboration, table);
    return existsSync(file) ? file : undefined;
  }

  /**
   * Keeps rows that `check` lets through, instead of those handed in before. Throws what it throws, or what reading them throws:
   * then nothing has changed.
   */
  async take(
    collaboration: string,
    table: string,
    rows: AsyncIterable<Uint8Array>,
    check: (file: string) => Promise<void>,
  ): Promise<void> {
    await this.look(collaboration, table, rows, async (partial) => {
      await check(partial);
      const written = await open(partial, 'r');
      await written.sync();
      await written.close();
      renameSync(partial, this.#fileOf(collaboration, table));
    });
  }

  /** Holds rows in a file while somebody looks at them, then destroys it. Gives what looking gave. */
  async look<Seen>(
    collaboration: string,
    table: string,
    rows: AsyncIterable<Uint8Array>,
    look: (file: string) => Promise<Seen>,
  ): Promise<Seen> {
    await mkdir(join(this.#directory, collaboration), { recursive: true, mode: 0o700 });
    const partial = `${this.#fileOf(collaboration, table)}.${++this.#taken}.part`;
    try {
      await pipeline(rows, createWriteStream(partial, { mode: OWNER_ONLY, flags: 'w' }));
      return await look(partial);
    } finally {
      shredFile(partial);
    }
  }

  /** Destroys the rows of a collaboration. The approval stays. */
  shred(collaboration: string): void {
    const directory = join(this.#directory, collaboration);
    if (!existsSync(directory)) return;
    for (const name of readdirSync(directory))
      if (name.endsWith('.csv') || name.endsWith('.part')) shredFile(join(directory, name));
  }

  /** Forgets everything about a collaboration. */
  forget(collaboration: string): void {
    this.shred(collaboration);
    rmSync(join(this.#directory, collaboration), { recursive: true, force: true });
  }

  #fileOf(collaboration: string, table: string): string {
    return join(this.#directory, collaboration, `${table}.csv`);
  }
}
