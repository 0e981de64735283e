/**
 * Owns what the dealer does for one attempt: deals a tape from fresh seeds, hands each server its part, forgets.
 * Sees the plan and its own masks; never a masked value. Must never deal twice for one attempt: once a seed may
 * have left, the same tape is delivered again, byte for byte.
 *
 * Files: deal/head-a, deal/head-b, deal/corrections-b (and -a, where the plan deals to both), and deal/complete once the
 * tape is whole.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { unlessAborted } from '../base/abort.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { dealPlan } from '../engine/dealer.ts';
import type { EffectContext } from '../host/host.ts';
import { Seed } from '../tape/seed.ts';
import { fileSource, readWhole, shredFile, writeWhole } from './chunk-files.ts';
import type { Queries } from './queries.ts';
import { NAME_BYTES, tapeHead } from './tape-head.ts';
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
    if (existsSync(at('complete'))) return;
    const { digest, descriptor } = collaborationOf(this.#place, run.collaboration);
    const { plan, cost } = await this.#queries.of(digest, descriptor, findIn(this.#place));
    const seedA = Seed.fresh(this.#place.random);
    const seedB = Seed.fresh(this.#place.random);
    await rm(at(''), { recursive: true, force: true });
    await mkdir(at(''), { recursive: true, mode: 0o700 });
    const file = await open(at('corrections-b'), 'w', 0o600);
    const fileA = cost.bytesTapeA === 0 ? undefined : await open(at('corrections-a'), 'w', 0o600);
    const name = this.#place.random(NAME_BYTES);
    try {
      await dealPlan({
        plan,
        seedA,
        seedB,
        signal,
        corrections: async (bytes, holders) => {
          await file.writeFile(bytes);
          if (holders === 'both') await fileA?.writeFile(bytes);
        },
      });
      await Promise.all([
        file.sync(),
        fileA?.sync(),
        writeWhole(at('head-a'), tapeHead(seedA, name)),
        writeWhole(at('head-b'), tapeHead(seedB, name)),
      ]);
    } finally {
      await Promise.all([file.close(), fileA?.close()]);
    }
    await writeWhole(at('complete'), new Uint8Array(0));
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
    const half = server === 'server-a' ? 'a' : 'b';
    const head = readWhole(at(`head-${half}`));
    const path = at(`corrections-${half}`);
    if (head === undefined)
      throw new MpcError('dealer.tape-gone', `the tape for ${server} has been destroyed already`, {
        hint: 'ask for another attempt',
        exitCode: EXIT.protocol,
      });
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
    for (const name of ['head-a', 'head-b', 'corrections-a', 'corrections-b'])
      shredFile(pathOf(this.#place, run, 'deal', name));
  }

  stop(): void {
    this.#links.closeAll();
  }
}
