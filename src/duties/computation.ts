/**
 * Owns one run of a plan on one server: tape and rows from the disk, openings over the sealed channel, result to the disk.
 * Must never choose anything while running: the messages are a function of tape and inputs, so that a run that is begun
 * again after a crash sends the same bytes and a server that is ahead repeats what it has sent.
 */
import { MpcError } from '../base/errors.ts';
import { Mailbox } from '../channel/streams.ts';
import { outputsOfBytes } from '../engine/combine.ts';
import { inputParties, uploadBytes } from '../engine/mask.ts';
import { resultSlice } from '../plan/plan.ts';
import { readWhole, writeWhole } from './chunk-files.ts';
import { type EngineJob, type EngineOptions, runJob } from './engine-job.ts';
import { runJobInThread } from './engine-thread.ts';
import type { Query } from './queries.ts';
import { maskedDigest } from './result-parcel.ts';
import { keptParties } from './result-uses.ts';
import { SentChunks } from './sent-chunks.ts';
import { readTapeHead } from './tape-head.ts';
import { collaborationOf, type Links, pathOf, type Run, type Workplace } from './workplace.ts';

/** What a run reports while it goes on: facts without content. */
export type ComputeEvent =
  | { readonly type: 'progress'; readonly round: number; readonly rounds: number }
  | { readonly type: 'peer.lost' }
  | { readonly type: 'peer.back' };

/** At most ten progress reports a second. */
const PROGRESS_MS = 100;
/** One line of the role's log a second says how far a run is. */
const LOGGED_MS = 1_000;

/**
 * Bytes of rows, tape and messages from which on a run gets a thread of its own: below, it is over before a thread would have
 * started, and a round takes longer through one.
 */
const THREAD_BYTES = 128 * 1024 * 1024;

export class Computation {
  readonly #place: Workplace;
  readonly #links: Links;
  readonly #job: Run;
  readonly #query: Query;
  readonly #engine: URL;
  readonly #sent: SentChunks;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  /** `engine` is what an engine's thread runs: see `serveEngine`. */
  constructor(place: Workplace, links: Links, run: Run, query: Query, engine: URL) {
    this.#place = place;
    this.#links = links;
    this.#job = run;
    this.#query = query;
    this.#engine = engine;
    this.#sent = new SentChunks(pathOf(place, run, 'sent'));
  }

  /** The channel to the other server is open and can repeat everything that was sent. */
  get isLive(): boolean {
    return this.#running !== undefined;
  }

  /** Runs once, however often it is asked for. */
  run(emit: (event: ComputeEvent) => void): Promise<void> {
    this.#running ??= this.#run(emit);
    return this.#running;
  }

  /** Ends a run; what was sent cannot be repeated any more. */
  stop(): void {
    this.#stop.abort(new MpcError('role.stopping', 'this role is stopping'));
    this.#sent.close();
  }

  /** Digest of the masked results on the disk: equal on both servers. */
  storedDigest(): string | undefined {
    const parcel = readWhole(this.#resultPath());
    return parcel === undefined ? undefined : maskedDigest(outputsOfBytes(this.#query.plan, parcel));
  }

  async #run(emit: (event: ComputeEvent) => void): Promise<void> {
    const { plan, cost } = this.#query;
    const server = this.#place.me === 'server-a' ? 'a' : 'b';
    const peer = server === 'a' ? 'server-b' : 'server-a';
    const parties = keptParties(this.#place, this.#job);
    const { sources } = collaborationOf(this.#place, this.#job.collaboration).descriptor;
    const results = sources.map(({ result }) => resultSlice(result));
    const { seed } = readTapeHead(this.#place, this.#job);
    const incoming = new Mailbox();
    // A plan without openings (a sum is one) has nothing to say to the other server.
    if (cost.bytesOnline + cost.bytesOnlineB > 0)
      this.#links.open(this.#job, peer, 'compute', {
        outgoing: this.#sent,
        incoming,
        onPresence: (present) => emit({ type: present ? 'peer.back' : 'peer.lost' }),
      });
    let reportedMs = 0;
    let round = 0;
    const counted = (now: number): void => {
      this.#place.meters.rounds += now - round;
      round = now;
    };
    let loggedMs = 0;
    const job: EngineJob = {
      plan,
      server,
      seed: seed.exposeSecretBytes(),
      corrections: pathOf(this.#place, this.#job, 'tape', 'corrections'),
      rows: [...parties, ...results].map((slice) => [slice, pathOf(this.#place, this.#job, 'rows', slice)]),
      present: parties,
    };
    const options: EngineOptions = {
      outgoing: this.#sent,
      incoming,
      signal: this.#stop.signal,
      onProgress: ({ round, rounds }) => {
        counted(round);
        const now = this.#place.clock.now();
        if (now - reportedMs < PROGRESS_MS) return;
        reportedMs = now;
        emit({ type: 'progress', round, rounds });
        if (now - loggedMs < LOGGED_MS) return;
        loggedMs = now;
        const { collaboration, attempt } = this.#job;
        const far = { collaboration, attempt, round, rounds, bytesSent: this.#sent.bytes };
        this.#place.logger.info(far, `round ${round} of ${rounds}`);
      },
    };
    const bytesOfRows = inputParties(plan).reduce((sum, party) => sum + uploadBytes(plan, party), 0);
    const work = bytesOfRows + cost.bytesTape + cost.bytesTapeA + cost.bytesOnline + cost.bytesOnlineB;
    const outputs = await (work < THREAD_BYTES
      ? runJob(job, options)
      : runJobInThread(this.#engine, job, options));
    counted(cost.rounds);
    await writeWhole(this.#resultPath(), outputs);
  }

  #resultPath(): string {
    return pathOf(this.#place, this.#job, 'result');
  }
}
