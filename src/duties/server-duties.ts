/**
 * Owns what a compute server does for one collaboration, effect by effect; the chart in roles/session.ts says when.
 * Who sees what: this server sees masked rows, its own half of every mask, the openings (all of them masked values).
 * Must never hand out a mask before the tape is whole, open anything before `bound` is in the log, or use a tape twice.
 *
 * Files of an attempt: tape/head, tape/corrections, rows/<party or result>, parties, sent (while computing), result, result-<party>, served, uses/<run>. All effects may run again after
 * a crash: they go on from what is on the disk, and computing again sends the same bytes.
 */
import { createReadStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { unlessAborted } from '../base/abort.ts';
import { assert, EXIT, MpcError, reportOf } from '../base/errors.ts';
import type { CollaborationsView } from '../coordination/collaboration.ts';
import { inputParties, partsOfResultId } from '../coordination/descriptor.ts';
import { inputSetOf } from '../coordination/lifecycle.ts';
import { outputBytes, outputsOfBytes } from '../engine/combine.ts';
import { storedUploadDigest, uploadBytes } from '../engine/mask.ts';
import type { EffectContext } from '../host/host.ts';
import { resultSlice } from '../plan/plan.ts';
import { planFor } from '../programs/compiled.ts';
import { inputSeed } from '../tape/seed.ts';
import { FileSink, fileSource, readWhole, shredFile, writeWhole } from './chunk-files.ts';
import { Computation } from './computation.ts';
import type { Queries, Query } from './queries.ts';
import { maskedDigest } from './result-parcel.ts';
import { checkSources, claimUses, keepParties } from './result-uses.ts';
import { checkLimits, type ServerLimits } from './server-limits.ts';
import { storedRows } from './stored-result.ts';
import { HEAD_BYTES, readTapeHead } from './tape-head.ts';
import { collaborationOf, factsOf, findIn, Links, pathOf, type Run, type Workplace } from './workplace.ts';

type Context = EffectContext<Run>;

interface CollectedInputs {
  readonly rows: { party: string; digest: string }[];
  /** Digest of each earlier result that is read, by its slice. */
  readonly sources: { [slice: string]: string };
}

export interface ServerParts {
  readonly queries: Queries;
  /** What an engine's thread runs: see `serveEngine`. */
  readonly engine: URL;
  readonly limits: ServerLimits;
}

const STARTED: readonly string[] = ['ready', 'running', 'finished'];

export class ServerDuties {
  readonly #place: Workplace;
  readonly #queries: Queries;
  readonly #links: Links;
  readonly #engine: URL;
  readonly #limits: ServerLimits;
  readonly #computations = new Map<string, Computation>();

  constructor(place: Workplace, { queries, engine, limits }: ServerParts) {
    assert(place.me === 'server-a' || place.me === 'server-b', "these duties are a server's");
    this.#place = place;
    this.#queries = queries;
    this.#engine = engine;
    this.#limits = limits;
    this.#links = new Links(place);
  }

  /** Compiles the query and compares plans; refuses what this server cannot or must not run. */
  async checkDescriptor({ input }: Context): Promise<void> {
    const { descriptor } = collaborationOf(this.#place, input.collaboration);
    const trust: Readonly<Record<string, string | undefined>> = this.#place.trust;
    for (const [address, key] of Object.entries(descriptor.keys))
      if (trust[address] !== key)
        throw new MpcError(
          'descriptor.untrusted-key',
          `the descriptor's key for ${address} is not the one this server trusts`,
          {
            place: { party: address },
            hint: "compare fingerprints, then correct the server's [trust] section",
            exitCode: EXIT.noPermission,
          },
        );
    checkLimits(descriptor, this.#limits);
    this.#checkBudget(input, descriptor.reruns);
    checkSources(this.#place, input, descriptor);
    await this.#query(input);
  }

  /** Refuses another attempt where this server holds as many results as the descriptor's parties agreed to. */
  #checkBudget({ collaboration, attempt }: Run, reruns: number): void {
    const earlier = Array.from({ length: attempt - 1 }, (_, at) => ({ collaboration, attempt: at + 1 }));
    const results = earlier.filter((run) => existsSync(pathOf(this.#place, run, 'served'))).length;
    if (results > reruns)
      throw new MpcError(
        'session.reruns',
        `its parties agreed to ${reruns} more results; this server has given out ${results - 1} already`,
        { hint: 'create a new collaboration for them to approve', exitCode: EXIT.noPermission },
      );
  }

  /** Takes the tape from the dealer. Ends when it is whole and on the disk. */
  async receiveTape({ input: run, signal }: Context): Promise<{ tape: string }> {
    if (existsSync(pathOf(this.#place, run, 'spent')))
      throw new MpcError('tape.spent', 'the tape of this collaboration has been used and destroyed', {
        hint: 'ask for another attempt: a tape serves one run',
        exitCode: EXIT.protocol,
      });
    const { cost } = await this.#query(run);
    const sink = new FileSink({
      path: pathOf(this.#place, run, 'tape', 'corrections'),
      head: { path: pathOf(this.#place, run, 'tape', 'head'), bytes: HEAD_BYTES },
      bodyBytes: this.#place.me === 'server-b' ? cost.bytesTape : cost.bytesTapeA,
    });
    this.#links.open(run, 'dealer', 'tape', { incoming: sink });
    await unlessAborted(sink.complete, signal);
    const { name } = readTapeHead(this.#place, run);
    return { tape: name };
  }

  /**
   * Gives each approved party its masks once the tape is there, takes its masked rows; ends when the log says whose rows are
   * computed on, and those are here. What a party left behind that is not among them is destroyed.
   */
  async collectInputs({ input: run, signal }: Context): Promise<CollectedInputs> {
    const { descriptor } = collaborationOf(this.#place, run.collaboration);
    const { follower } = this.#place;
    const { plan } = await this.#query(run);
    await mkdir(pathOf(this.#place, run, 'rows'), { recursive: true, mode: 0o700 });
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const parties = inputParties(descriptor);
    const arrived = new Map(
      parties.map((party) => [party, this.#collect(run, party, uploadBytes(plan, party), until)]),
    );
    for (const rows of arrived.values()) rows.catch(() => {}); // heard of below, where its rows are needed
    try {
      const included = await follower.until((log) => settledInputs(log, run), signal);
      const rows = await Promise.all(included.map((party) => arrived.get(party)));
      for (const party of parties) if (!included.includes(party)) this.#forget(run, party);
      await keepParties(this.#place, run, included);
      return { rows: rows.filter((upload) => upload !== undefined), sources: await this.#readSources(run) };
    } finally {
      over.abort(new MpcError('session.collected', 'the rows of this attempt are settled'));
      // A party that missed our last acknowledgement still found the channel open: it confirms only when it has both.
      this.#links.close(run, 'rows');
    }
  }

  /** Runs the plan with the other server; ends when this server's half of the result is on the disk. */
  async compute({ input, signal, emit }: Context): Promise<void> {
    const computation = await this.#computation(input);
    await unlessAborted(computation.run(emit), signal);
  }

  /** Tells the digest of the masked results; stays open for the other server until it has stored its half, too. */
  async storeResult({ input, signal, emit }: Context): Promise<{ outputs: string }> {
    const computation = await this.#computation(input);
    const { results } = collaborationOf(this.#place, input.collaboration).lifecycle.context;
    const peerIsDone = Object.keys(results).some((server) => server !== this.#place.me);
    // After a restart the other server may still need our messages: computing again makes the same ones.
    if (computation.storedDigest() === undefined || !peerIsDone)
      await unlessAborted(computation.run(emit), signal);
    const outputs = computation.storedDigest();
    assert(outputs !== undefined, 'a finished computation has stored its result');
    claimUses(this.#place, input, collaborationOf(this.#place, input.collaboration).descriptor);
    return { outputs };
  }

  /**
   * After a restart: the other server may still be computing and need what this one had sent before. Computing again
   * sends the same bytes.
   */
  async repeatForPeer(): Promise<void> {
    for (const { id, status, lifecycle } of this.#place.follower.state.collaborations()) {
      const { results, attempt } = lifecycle.context;
      if (status !== 'running' || results[this.#place.me] === undefined) continue;
      const computation = await this.#computation({ collaboration: id, attempt });
      computation
        .run(() => {})
        .catch((error: unknown) => this.#place.troubles.note(reportOf(error), { collaboration: id }));
    }
  }

  /** Hands this server's half to each output party until all have said that they received it. */
  async serveResults({ input: run, signal }: Context): Promise<void> {
    this.#links.close(run, 'tape');
    const { descriptor } = collaborationOf(this.#place, run.collaboration);
    await writeWhole(pathOf(this.#place, run, 'served'), new Uint8Array(0));
    for (const party of descriptor.outputs) {
      const path = await this.#parcelFor(run, party);
      this.#links.open(run, `party-${party}`, 'result', { outgoing: fileSource({ path }) });
    }
    await this.#place.follower.until(
      (log) => descriptor.outputs.every((party) => factsOf(log, run)?.received.includes(party)),
      signal,
    );
  }

  /** Destroys tape, rows and channels of an ended collaboration. The result stays, as its half of a masked value. */
  async shred(run: Run): Promise<void> {
    this.#links.close(run);
    this.#computations.get(keyOf(run))?.stop();
    this.#computations.delete(keyOf(run));
    await mkdir(pathOf(this.#place, run, 'spent'), { recursive: true, mode: 0o700 });
    for (const name of ['head', 'corrections']) shredFile(pathOf(this.#place, run, 'tape', name));
    shredFile(pathOf(this.#place, run, 'sent'));
    const ended = this.#place.follower.collaboration(run.collaboration);
    const { inputs = [], sources = [] } = ended?.descriptor ?? {};
    const slices = [...inputs.map(({ party }) => party), ...sources.map(({ result }) => resultSlice(result))];
    for (const slice of slices) shredFile(pathOf(this.#place, run, 'rows', slice));
  }

  stop(): void {
    for (const computation of this.#computations.values()) computation.stop();
    this.#links.closeAll();
  }

  /** The file of this server's half of what a party learns: the whole result, or those outputs that are the party's. */
  async #parcelFor(run: Run, party: string): Promise<string> {
    const query = await this.#query(run);
    const plan = planFor(query, party);
    const whole = pathOf(this.#place, run, 'result');
    if (plan === query.plan) return whole;
    const bytes = readWhole(whole);
    assert(bytes !== undefined, 'a result is stored before it is served');
    const names = plan.outputs.map(({ name }) => name);
    const own = outputsOfBytes(query.plan, bytes).filter(({ name }) => names.includes(name));
    const path = pathOf(this.#place, run, `result-${party}`);
    await writeWhole(path, outputBytes(own));
    return path;
  }

  async #query(run: Run): Promise<Query> {
    const { digest, descriptor } = collaborationOf(this.#place, run.collaboration);
    return this.#queries.of(digest, descriptor, findIn(this.#place));
  }

  async #computation(run: Run): Promise<Computation> {
    const known = this.#computations.get(keyOf(run));
    if (known !== undefined) return known;
    const created = new Computation(this.#place, this.#links, run, await this.#query(run), this.#engine);
    this.#computations.set(keyOf(run), created);
    return created;
  }

  /** One party's masked rows, from its approval on; its masks go by the same channel. A party that takes its part back is forgotten; this then never ends. */
  async #collect(
    run: Run,
    party: string,
    bodyBytes: number,
    signal: AbortSignal,
  ): Promise<{ party: string; digest: string }> {
    const { follower } = this.#place;
    const address = `party-${party}` as const;
    await follower.until((log) => factsOf(log, run)?.approvals.includes(party), signal);
    follower
      .until((log) => factsOf(log, run)?.withdrawn.includes(party), signal)
      .then(
        () => this.#forget(run, party),
        () => {}, // it never took anything back
      );
    const masks = {
      chunk: async (index: number) => (index === 0 ? await this.#masksOf(run, party, signal) : undefined),
    };
    const path = pathOf(this.#place, run, 'rows', party);
    const sink = new FileSink({ path, bodyBytes });
    this.#links.open(run, address, 'rows', { outgoing: masks, incoming: sink });
    await unlessAborted(sink.complete, signal);
    return { party, digest: await storedUploadDigest(createReadStream(path)) };
  }

  /** Lays this server's shares of the results that are read beside the uploads. The digests are equal on both servers. */
  async #readSources(run: Run): Promise<{ [slice: string]: string }> {
    const { descriptor } = collaborationOf(this.#place, run.collaboration);
    const { plan } = await this.#query(run);
    const server = this.#place.me === 'server-a' ? 'a' : 'b';
    const digests: { [slice: string]: string } = {};
    for (const { result } of descriptor.sources) {
      const source = partsOfResultId(result);
      const made = await this.#query(source);
      const bytes = readWhole(pathOf(this.#place, source, 'result'));
      assert(bytes !== undefined && made.form === 'rows', 'a descriptor was checked before its inputs');
      const outputs = outputsOfBytes(made.plan, bytes);
      const slice = resultSlice(result);
      const rows = storedRows(plan, slice, { server, specification: made.result, outputs });
      await writeWhole(pathOf(this.#place, run, 'rows', slice), rows);
      digests[slice] = maskedDigest(outputs);
    }
    return digests;
  }

  #forget(run: Run, party: string): void {
    this.#links.close(run, 'rows', `party-${party}`);
    shredFile(pathOf(this.#place, run, 'rows', party));
  }

  /** Waits until this server has said in the log that its tape is whole, be it in an earlier life. */
  async #masksOf(run: Run, party: string, signal: AbortSignal): Promise<Uint8Array> {
    await this.#place.follower.until((log) => factsOf(log, run)?.randomness.includes(this.#place.me), signal);
    return inputSeed(readTapeHead(this.#place, run).seed, party).exposeSecretBytes();
  }
}

const keyOf = ({ collaboration, attempt }: Run): string => `${collaboration}.${attempt}`;

/** Whose rows are computed on, once nobody can take them back any more. */
function settledInputs(log: CollaborationsView, run: Run): string[] | undefined {
  const facts = factsOf(log, run);
  const status = log.collaboration(run.collaboration)?.status;
  return facts === undefined || status === undefined || !STARTED.includes(status)
    ? undefined
    : inputSetOf(facts);
}
