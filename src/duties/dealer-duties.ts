/**
 * Owns what the dealer does for one attempt: deals a tape from fresh seeds, hands each server its part, forgets.
 * Sees the plan and its own masks; never a masked value. Must never deal twice for one attempt: once a seed may
 * have left, the same tape is delivered again, byte for byte.
 *
 * Files: deal/corrections-b (and -a, where the plan deals to both; none where nothing is dealt), and deal/heads, both servers'
 * one after the other, once the tape is whole.
 */
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { unlessAborted } from '../base/abort.ts';
import { concatBytes } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { dealPlan } from '../engine/dealer.ts';
import type { EffectContext } from '../host/host.ts';
import { Seed } from '../tape/seed.ts';
import { fileSource, readWhole, shredFile, writeWhole } from './chunk-files.ts';
import type { Queries } from './queries.ts';
import { HEAD_BYTES, NAME_BYTES, tapeHead } from './tape-head.ts';
import { collaborationOf, factsOf, findIn, Links, pathOf, type Run, type Workplace } from './workplace.ts';

type Context = EffectContext<Run>;

/** How long a server may be silent before its delivery makes room for the next one. */
const PATIENCE_MS = 15_000;

export class DealerDuties {
  readonly #place: Workplace;
  readonly #queries: Queries;
  readonly #links: Links;

  constructor(place: Workplace, queries: Queries) {
    this.#place = place;
    this.#queries = queries;
    this.#links = new Links(place);
  }

  /** Makes the tape of an attempt, unless it is there. */
  async dealTape({ input: run, signal }: Context): Promise<void> {
    const at = (name: string): string => pathOf(this.#place, run, 'deal', name);
    if (existsSync(at('heads'))) return;
    const { digest, descriptor } = collaborationOf(this.#place, run.collaboration);
    const { plan, cost } = await this.#queries.of(digest, descriptor, findIn(this.#place));
    const seedA = Seed.fresh(this.#place.random);
    const seedB = Seed.fresh(this.#place.random);
    await rm(at(''), { recursive: true, force: true });
    await mkdir(at(''), { recursive: true, mode: 0o700 });
    const made = async (name: string, bytes: number): Promise<FileHandle | undefined> =>
      bytes === 0 ? undefined : await open(at(name), 'w', 0o600);
    const file = await made('corrections-b', cost.bytesTape);
    const fileA = await made('corrections-a', cost.bytesTapeA);
    try {
      await dealPlan({
        plan,
        seedA,
        seedB,
        signal,
        corrections: async (bytes, holders) => {
          await file?.writeFile(bytes);
          if (holders === 'both') await fileA?.writeFile(bytes);
        },
      });
      await Promise.all([file?.sync(), fileA?.sync()]);
    } finally {
      await Promise.all([file?.close(), fileA?.close()]);
    }
    const name = this.#place.random(NAME_BYTES);
    await writeWhole(at('heads'), concatBytes(tapeHead(seedA, name), tapeHead(seedB, name)));
    seedA.erase();
    seedB.erase();
  }

  /** Hands both servers their tapes; ends when both have them. Throws `dealer.peer-away` when one stays silent. */
  async deliverTapes({ input: run, signal }: Context): Promise<void> {
    const randomness = factsOf(this.#place.follower.state, run)?.randomness ?? [];
    const waiting = (['server-a', 'server-b'] as const).filter((server) => !randomness.includes(server));
    try {
      await Promise.all(waiting.map((server) => this.#deliver(run, server, signal)));
    } finally {
      this.#links.close(run);
    }
  }

  async #deliver(run: Run, server: 'server-a' | 'server-b', signal: AbortSignal): Promise<void> {
    const at = (name: string): string => pathOf(this.#place, run, 'deal', name);
    const isA = server === 'server-a';
    const heads = readWhole(at('heads'));
    const path = at(`corrections-${isA ? 'a' : 'b'}`);
    if (heads === undefined)
      throw new MpcError('dealer.tape-gone', `the tape for ${server} has been destroyed already`, {
        hint: 'ask for another attempt',
        exitCode: EXIT.protocol,
      });
    const head = isA ? heads.subarray(0, HEAD_BYTES) : heads.subarray(HEAD_BYTES);
    const away = new AbortController();
    const tooLong = (): void =>
      away.abort(
        new MpcError('dealer.peer-away', `${server} does not answer`, {
          hint: `start it, or check its broker address; its tape is delivered when it is back`,
          exitCode: EXIT.temporary,
        }),
      );
    let cancel = this.#place.clock.after(PATIENCE_MS, tooLong);
    const outgoing = existsSync(path)
      ? fileSource({ path, head })
      : { chunk: async (index: number) => (index === 0 ? head : undefined) };
    const channel = this.#links.open(run, server, 'tape', {
      outgoing,
      onPresence: (present) => {
        cancel();
        if (!present) cancel = this.#place.clock.after(PATIENCE_MS, tooLong);
      },
    });
    try {
      // A server that had it all before a restart says so in the log rather than on the channel.
      const inTheLog = this.#place.follower.until(
        (log) => factsOf(log, run)?.randomness.includes(server),
        AbortSignal.any([signal, away.signal]),
      );
      await unlessAborted(Promise.race([channel.done, inTheLog]), AbortSignal.any([signal, away.signal]));
      await inTheLog;
    } finally {
      cancel();
    }
  }

  /** Forgets a tape that has been delivered, or that nobody needs any more. */
  async shred(run: Run): Promise<void> {
    this.#links.close(run);
    for (const name of ['heads', 'corrections-a', 'corrections-b'])
      shredFile(pathOf(this.#place, run, 'deal', name));
  }

  stop(): void {
    this.#links.closeAll();
  }
}
