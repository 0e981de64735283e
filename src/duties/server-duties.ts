/**
 * Owns what a compute server does for one collaboration, effect by effect; the chart in roles/session.ts says when.
 * Who sees what: this server sees masked rows, its own half of every mask, the openings (all of them masked values).
 * Must never hand out a mask before the tape is whole, open anything before `bound` is in the log, or use a tape twice.
 *
 * Files of a collaboration: tape/head, tape/corrections, rows/<party>, sent (while computing), result, result-<party>. All effects may run again after
 * a crash: they go on from what is on the disk, and computing again sends the same bytes.
 */
import { createReadStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { unlessAborted } from '../base/abort.ts';
import { assert, EXIT, MpcError, reportOf } from '../base/errors.ts';
import { inputParties } from '../coordination/descriptor.ts';
import { outputBytes, outputsOfBytes } from '../engine/combine.ts';
import { storedUploadDigest, uploadBytes } from '../engine/mask.ts';
import type { EffectContext } from '../host/host.ts';
import { planFor } from '../programs/compiled.ts';
import { inputSeed } from '../tape/seed.ts';
import { FileSink, fileSource, readWhole, shredFile, writeWhole } from './chunk-files.ts';
import { Computation } from './computation.ts';
import type { Queries, Query } from './queries.ts';
import { HEAD_BYTES, readTapeHead } from './tape-head.ts';
import { collaborationOf, factsOf, Links, pathOf, type Workplace } from './workplace.ts';

/** The input of every effect of a session. */
export interface SessionInput {
  readonly collaboration: string;
}

type Context = EffectContext<SessionInput>;

export class ServerDuties {
  readonly #place: Workplace;
  readonly #queries: Queries;
  readonly #links: Links;
  readonly #engine: URL;
  readonly #computations = new Map<string, Computation>();

  /** `engine` is what an engine's thread runs: see `serveEngine`. */
  constructor(place: Workplace, queries: Queries, engine: URL) {
    assert(place.me === 'server-a' || place.me === 'server-b', "these duties are a server's");
    this.#place = place;
    this.#queries = queries;
    this.#engine = engine;
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
    await this.#query(input.collaboration);
  }

  /** Takes the tape from the dealer. Ends when it is whole and on the disk. */
  async receiveTape({ input, signal }: Context): Promise<{ tape: string }> {
    const id = input.collaboration;
    if (existsSync(pathOf(this.#place, id, 'spent')))
      throw new MpcError('tape.spent', 'the tape of this collaboration has been used and destroyed', {
        hint: 'open a new collaboration: a tape serves one run',
        exitCode: EXIT.protocol,
      });
    const { cost } = await this.#query(id);
    const sink = new FileSink({
      path: pathOf(this.#place, id, 'tape', 'corrections'),
      head: { path: pathOf(this.#place, id, 'tape', 'head'), bytes: HEAD_BYTES },
      bodyBytes: this.#place.me === 'server-b' ? cost.bytesTape : cost.bytesTapeA,
    });
    this.#links.open(id, 'dealer', 'tape', { incoming: sink });
    await unlessAborted(sink.complete, signal);
    const { name } = readTapeHead(this.#place, id);
    return { tape: name };
  }

  /** Gives each approved party its masks once the tape is there, takes its masked rows; ends when all are in and confirmed. */
  async collectInputs({ input, signal }: Context): Promise<{ rows: { party: string; digest: string }[] }> {
    const id = input.collaboration;
    const { descriptor } = collaborationOf(this.#place, id);
    const { plan } = await this.#query(id);
    const parties = inputParties(descriptor);
    await mkdir(pathOf(this.#place, id, 'rows'), { recursive: true, mode: 0o700 });
    const arrived = parties.map(async (party) => {
      const address = `party-${party}` as const;
      await this.#place.follower.until((log) => factsOf(log, id)?.approvals.includes(party), signal);
      const masks = {
        chunk: async (index: number) => (index === 0 ? await this.#masksOf(id, party, signal) : undefined),
      };
      this.#links.open(id, address, 'masks', { outgoing: masks });
      const path = pathOf(this.#place, id, 'rows', party);
      const sink = new FileSink({ path, bodyBytes: uploadBytes(plan, party) });
      this.#links.open(id, address, 'rows', { incoming: sink });
      await unlessAborted(sink.complete, signal);
      return { party, digest: await storedUploadDigest(createReadStream(path)) };
    });
    const rows = await Promise.all(arrived);
    // A party that missed our last acknowledgement still finds the channel open: it confirms only when it has both.
    await this.#place.follower.until(
      (log) => parties.every((party) => factsOf(log, id)?.uploads[party] !== undefined),
      signal,
    );
    this.#links.close(id, 'masks');
    this.#links.close(id, 'rows');
    return { rows };
  }

  /** Runs the plan with the other server; ends when this server's half of the result is on the disk. */
  async compute({ input, signal, emit }: Context): Promise<void> {
    const computation = await this.#computation(input.collaboration);
    await unlessAborted(computation.run(emit), signal);
  }

  /** Tells the digest of the masked results; stays open for the other server until it has stored its half, too. */
  async storeResult({ input, signal, emit }: Context): Promise<{ outputs: string }> {
    const computation = await this.#computation(input.collaboration);
    const { results } = collaborationOf(this.#place, input.collaboration).lifecycle.context;
    const peerIsDone = Object.keys(results).some((server) => server !== this.#place.me);
    // After a restart the other server may still need our messages: computing again makes the same ones.
    if (computation.storedDigest() === undefined || !peerIsDone)
      await unlessAborted(computation.run(emit), signal);
    const outputs = computation.storedDigest();
    assert(outputs !== undefined, 'a finished computation has stored its result');
    return { outputs };
  }

  /**
   * After a restart: the other server may still be computing and need what this one had sent before. Computing again
   * sends the same bytes.
   */
  async repeatForPeer(): Promise<void> {
    for (const { id, status, lifecycle } of this.#place.follower.state.collaborations()) {
      const { results } = lifecycle.context;
      if (status !== 'running' || results[this.#place.me] === undefined) continue;
      const computation = await this.#computation(id);
      computation
        .run(() => {})
        .catch((error: unknown) => this.#place.troubles.note(reportOf(error), { collaboration: id }));
    }
  }

  /** Hands this server's half to each output party until all have said that they received it. */
  async serveResults({ input, signal }: Context): Promise<void> {
    const id = input.collaboration;
    this.#links.close(id, 'tape');
    const { descriptor } = collaborationOf(this.#place, id);
    for (const party of descriptor.outputs) {
      const path = await this.#parcelFor(id, party);
      this.#links.open(id, `party-${party}`, 'result', { outgoing: fileSource({ path }) });
    }
    await this.#place.follower.until(
      (log) => descriptor.outputs.every((party) => factsOf(log, id)?.received.includes(party)),
      signal,
    );
  }

  /** Destroys tape, rows and channels of an ended collaboration. The result stays, as its half of a masked value. */
  async shred(id: string): Promise<void> {
    this.#links.close(id);
    this.#computations.get(id)?.stop();
    this.#computations.delete(id);
    await mkdir(pathOf(this.#place, id, 'spent'), { recursive: true, mode: 0o700 });
    for (const name of ['head', 'corrections']) shredFile(pathOf(this.#place, id, 'tape', name));
    shredFile(pathOf(this.#place, id, 'sent'));
    const ended = this.#place.follower.collaboration(id);
    for (const { party } of ended?.descriptor.inputs ?? []) shredFile(pathOf(this.#place, id, 'rows', party));
  }

  stop(): void {
    for (const computation of this.#computations.values()) computation.stop();
    this.#links.closeAll();
  }

  /** The file of this server's half of what a party learns: the whole result, or those outputs that are the party's. */
  async #parcelFor(id: string, party: string): Promise<string> {
    const query = await this.#query(id);
    const plan = planFor(query, party);
    const whole = pathOf(this.#place, id, 'result');
    if (plan === query.plan) return whole;
    const bytes = readWhole(whole);
    assert(bytes !== undefined, 'a result is stored before it is served');
    const names = plan.outputs.map(({ name }) => name);
    const own = outputsOfBytes(query.plan, bytes).filter(({ name }) => names.includes(name));
    const path = pathOf(this.#place, id, `result-${party}`);
    await writeWhole(path, outputBytes(own));
    return path;
  }

  async #query(id: string): Promise<Query> {
    const { digest, descriptor } = collaborationOf(this.#place, id);
    return this.#queries.of(digest, descriptor);
  }

  async #computation(id: string): Promise<Computation> {
    const known = this.#computations.get(id);
    if (known !== undefined) return known;
    const created = new Computation(this.#place, this.#links, id, await this.#query(id), this.#engine);
    this.#computations.set(id, created);
    return created;
  }

  /** Waits until this server has said in the log that its tape is whole, be it in an earlier life. */
  async #masksOf(id: string, party: string, signal: AbortSignal): Promise<Uint8Array> {
    await this.#place.follower.until((log) => factsOf(log, id)?.randomness.includes(this.#place.me), signal);
    return inputSeed(readTapeHead(this.#place, id).seed, party).exposeSecretBytes();
  }
}
