/**
 * Owns one run of a plan on one server: tape and rows from the disk, openings over the sealed channel, result to the disk.
 * Must never choose anything while running: the messages are a function of tape and inputs, so that a run that is begun
 * again after a crash sends the same bytes and a server that is ahead repeats what it has sent.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { assert, MpcError } from '../base/errors.ts';
import { Mailbox, Transcript } from '../channel/streams.ts';
import { outputBytes, outputsOfBytes } from '../engine/combine.ts';
import { assembleInputs } from '../engine/mask.ts';
import { evaluatePlan } from '../engine/server.ts';
import { planTapeLayout } from '../engine/tape.ts';

import { tapeOfServerA, tapeOfServerB } from '../tape/server-tape.ts';
import { readWhole, writeWhole } from './chunk-files.ts';
import type { Query } from './queries.ts';
import { maskedDigest } from './result-parcel.ts';
import { roundExchange } from './rounds.ts';
import { readTapeHead } from './tape-head.ts';
import { collaborationOf, type Links, pathOf, type Workplace } from './workplace.ts';

/** What a run reports while it goes on: facts without content. */
export type ComputeEvent =
  | { readonly type: 'progress'; readonly round: number; readonly rounds: number }
  | { readonly type: 'peer.lost' }
  | { readonly type: 'peer.back' };

/** At most ten progress reports a second. */
const PROGRESS_MS = 100;

export class Computation {
  readonly #place: Workplace;
  readonly #links: Links;
  readonly #id: string;
  readonly #query: Query;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(place: Workplace, links: Links, id: string, query: Query) {
    this.#place = place;
    this.#links = links;
    this.#id = id;
    this.#query = query;
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

  stop(): void {
    this.#stop.abort(new MpcError('role.stopping', 'this role is stopping'));
  }

  /** Digest of the masked results on the disk: equal on both servers. */
  storedDigest(): string | undefined {
    const parcel = readWhole(this.#resultPath());
    return parcel === undefined ? undefined : maskedDigest(outputsOfBytes(this.#query.plan, parcel));
  }

  async #run(emit: (event: ComputeEvent) => void): Promise<void> {
    const { plan } = this.#query;
    const server = this.#place.me === 'server-a' ? 'a' : 'b';
    const peer = server === 'a' ? 'server-b' : 'server-a';
    const { descriptor } = collaborationOf(this.#place, this.#id);
    const { seed } = readTapeHead(this.#place, this.#id);
    const rows = new Map<string, Uint8Array>();
    for (const { party } of descriptor.inputs) {
      const bytes = readWhole(pathOf(this.#place, this.#id, 'rows', party));
      assert(bytes !== undefined, 'all rows are in before a run begins');
      rows.set(party, bytes);
    }
    const outgoing = new Transcript();
    const incoming = new Mailbox();
    this.#links.open(this.#id, peer, 'compute', {
      outgoing,
      incoming,
      onPresence: (present) => emit({ type: present ? 'peer.back' : 'peer.lost' }),
    });
    let reportedMs = 0;
    const corrections = new CorrectionsFile(pathOf(this.#place, this.#id, 'tape', 'corrections'));
    const layout = planTapeLayout(plan, undefined, server);
    const read = (offset: number, length: number) => corrections.read(offset, length);
    try {
      const outputs = await evaluatePlan({
        plan,
        server,
        tape: server === 'a' ? tapeOfServerA(seed, { layout, read }) : tapeOfServerB(seed, layout, read),
        inputs: assembleInputs(plan, rows),
        signal: this.#stop.signal,
        exchange: roundExchange(outgoing, incoming, this.#stop.signal),
        onProgress: ({ round, rounds }) => {
          const now = this.#place.clock.now();
          if (now - reportedMs < PROGRESS_MS) return;
          reportedMs = now;
          emit({ type: 'progress', round, rounds });
        },
      });
      await writeWhole(this.#resultPath(), outputBytes(outputs));
    } finally {
      corrections.close();
    }
  }

  #resultPath(): string {
    return pathOf(this.#place, this.#id, 'result');
  }
}

/** A server's corrections, read where they are needed; opened only when something is read (server a mostly has none). */
class CorrectionsFile {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  read(offset: number, length: number): Uint8Array {
    this.#file ??= openSync(this.#path, 'r');
    const bytes = new Uint8Array(length);
    const got = readSync(this.#file, bytes, 0, length, offset);
    if (got !== length)
      throw new MpcError('tape.short', `the tape ends before byte ${offset + length}`, {
        hint: 'the file was cut: open a new collaboration',
      });
    return bytes;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}
