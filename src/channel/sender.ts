/**
 * Owns the outgoing half: which chunks are under way, which to send again, and when. Chunks come from the source by
 * number; what is under way is kept (by reference) until it is acknowledged, never more than the window.
 * Must never do I/O or look at a clock: time comes in as a number, frames leave through `transmit`.
 *
 *   base       the peer wants this number next: everything before is accepted
 *   received   the peer has everything before this number, accepted or held
 *   cursor     the next number to send for the first time
 * The end of the stream has the number after the last chunk and is acknowledged like one.
 *
 * Sent again is what is missing while three chunks sent after it have arrived (the reordering bound of TCP and of RFC
 * 9002, section 6.1.1); what stayed unanswered for longer than the measured round trip allows (RFC 6298, doubled at each
 * repetition); and, in a new session, what was sent only in an old one. While the peer is mute only the oldest is.
 */
import { assert } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { ChunkSource } from './channel.ts';
import type { Status } from './frames.ts';
import type { Refusal } from './refusals.ts';
import { RoundTrip } from './round-trip.ts';
import type { ChannelSettings } from './settings.ts';

export interface SenderOptions {
  readonly source: ChunkSource;
  readonly settings: ChannelSettings;
  readonly now: () => number;
  /** Whether there is a session to send in. */
  readonly isReady: () => boolean;
  /** Sends chunk `number`, or the end after `number` chunks where there is no chunk. */
  readonly transmit: (number: number, chunk: Uint8Array | undefined, again: boolean) => void;
  /** The source has shown its end. */
  readonly onEnd: () => void;
  /** The source failed: nothing more can be sent. */
  readonly onFailure: (error: unknown) => void;
}

interface Flight {
  readonly chunk: Uint8Array | undefined;
  sentMs: number;
  /** Position among all transmissions. */
  order: number;
  /** The session it was last sent in. */
  session: number;
  repeated: boolean;
  isHeld: boolean;
}

const REORDERING_BOUND = 3;
/** How many chunks after the first gap a status describes. */
const STATUS_BITS = 64;

export class Sender {
  readonly #options: SenderOptions;
  readonly #roundTrip: RoundTrip;
  readonly #flights = new Map<number, Flight>();
  #flightBytes = 0;
  #base = 0;
  #received = 0;
  #cursor = 0;
  /** Numbers below were sent before, perhaps to a peer that has restarted since. */
  #furthest = 0;
  #total: number | undefined;
  #window: number;
  #isOpening = true;
  #openingLeft: number;
  #session = 0;
  #order = 0;
  #pull = 0;
  #isPulling = false;
  #isMute = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#roundTrip = new RoundTrip(options.settings);
    this.#window = options.settings.windowBytes;
    this.#openingLeft = options.settings.openingBytes;
  }

  /** Every chunk and the end are acknowledged. */
  get isFinished(): boolean {
    return this.#total !== undefined && this.#base > this.#total;
  }

  /** Bytes under way. */
  get flightBytes(): number {
    return this.#flightBytes;
  }

  /** A session has come into use: what follows is sent in it. */
  beginSession(): void {
    this.#session++;
  }

  /** Takes chunks from the source for as long as there is room. */
  pull(): void {
    if (this.#isPulling || !this.#hasRoom()) return;
    this.#isPulling = true;
    this.#run(++this.#pull).catch(this.#options.onFailure);
  }

  /** Stops; a pull that waits for the source comes to nothing. */
  stop(): void {
    this.#pull++;
    this.#flights.clear();
  }

  /** Takes what the peer says of its place. `isFirst`: the first word in this session, so that it may have restarted. */
  takeStatus(status: Status, isFirst: boolean): Refusal | undefined {
    const { wanted } = status;
    if (this.#total !== undefined && wanted > this.#total + 1) return 'channel.bad-status';
    this.#isMute = false;
    this.#isOpening = false;
    this.#window = Math.min(this.#options.settings.windowBytes, status.window);
    const progressed = wanted > this.#base || status.received > this.#received;
    if (wanted > this.#cursor || wanted < this.#base) this.#seek(wanted);
    else if (wanted > this.#base) this.#acknowledge(wanted);
    if (isFirst) this.#forgetHeld(wanted);
    this.#hold(status);
    if (progressed) this.#roundTrip.progressed();
    if (isFirst) this.#repeat(({ session }) => session !== this.#session);
    this.pull();
    return undefined;
  }

  /** When the oldest missing chunk is to be sent again. */
  get dueMs(): number | undefined {
    if (!this.#options.isReady()) return undefined;
    const oldest = this.#flights.get(this.#received);
    return oldest === undefined ? undefined : oldest.sentMs + this.#roundTrip.timeoutMs;
  }

  /** Sends again what is overdue. */
  takeTime(nowMs: number): void {
    const dueMs = this.dueMs;
    if (dueMs === undefined || nowMs < dueMs) return;
    const oldest = this.#flights.get(this.#received);
    const before = nowMs - this.#roundTrip.timeoutMs;
    // Beyond what a status describes nothing is known: those wait until the gaps before them are closed.
    const horizon = this.#received + STATUS_BITS;
    this.#repeat((flight, number) =>
      this.#isMute ? flight === oldest : flight.sentMs <= before && number <= horizon,
    );
    this.#isMute = true;
    this.#roundTrip.timedOut();
  }

  async #run(pull: number): Promise<void> {
    while (pull === this.#pull && this.#hasRoom()) {
      const number = this.#cursor;
      const chunk = await this.#options.source.chunk(number);
      if (pull !== this.#pull) return;
      assert(
        chunk === undefined || chunk.length <= LIMITS.chunkBytes,
        'a source gives chunks of LIMITS.chunkBytes at most',
      );
      if (chunk === undefined) this.#total = number;
      this.#cursor = number + 1;
      if (number >= this.#base) this.#launch(number, chunk);
    }
    if (pull === this.#pull) this.#isPulling = false;
    if (this.#total !== undefined) this.#options.onEnd();
  }

  #hasRoom(): boolean {
    const { settings, isReady } = this.#options;
    if (!isReady() || (this.#total !== undefined && this.#cursor > this.#total)) return false;
    if (this.#isOpening && this.#openingLeft <= 0) return false;
    if (this.#flights.size === 0) return true;
    return (
      this.#flights.size < settings.windowChunks && this.#flightBytes + LIMITS.chunkBytes <= this.#window
    );
  }

  #launch(number: number, chunk: Uint8Array | undefined): void {
    const flight: Flight = { chunk, sentMs: 0, order: 0, session: 0, repeated: false, isHeld: false };
    this.#flights.set(number, flight);
    this.#flightBytes += chunk?.length ?? 0;
    if (this.#isOpening) this.#openingLeft -= chunk?.length ?? 0;
    this.#send(number, flight, number < this.#furthest);
    this.#furthest = Math.max(this.#furthest, number + 1);
  }

  #send(number: number, flight: Flight, again: boolean): void {
    flight.sentMs = this.#options.now();
    flight.order = this.#order++;
    flight.session = this.#session;
    flight.repeated ||= again;
    this.#options.transmit(number, flight.chunk, again);
  }

  #repeat(isLost: (flight: Flight, number: number) => boolean): void {
    for (const [number, flight] of this.#flights)
      if (!flight.isHeld && isLost(flight, number)) this.#send(number, flight, true);
  }

  /**
   * Goes to where the peer is. Ahead of us (we restarted), the number before is read as well: if the source ends there,
   * the peer has the end already.
   */
  #seek(wanted: number): void {
    this.#pull++;
    this.#isPulling = false;
    this.#flights.clear();
    this.#flightBytes = 0;
    this.#cursor = wanted > this.#cursor ? wanted - 1 : wanted;
    this.#base = wanted;
    this.#received = wanted;
  }

  #acknowledge(wanted: number): void {
    for (let number = this.#base; number < wanted; number++) {
      const flight = this.#flights.get(number);
      if (flight === undefined) continue;
      this.#measure(flight);
      this.#flights.delete(number);
      this.#flightBytes -= flight.chunk?.length ?? 0;
    }
    this.#base = wanted;
    this.#received = Math.max(this.#received, wanted);
  }

  #forgetHeld(wanted: number): void {
    this.#received = wanted;
    for (const flight of this.#flights.values()) flight.isHeld = false;
  }

  #hold({ received, held }: Status): void {
    for (; this.#received < received && this.#received < this.#cursor; this.#received++)
      this.#markHeld(this.#flights.get(this.#received));
    if (held[0] === 0 && held[1] === 0) return;
    let newest = -1;
    let highest = received;
    for (let bit = 0; bit < STATUS_BITS; bit++) {
      if ((held[bit >>> 5]! & (1 << (bit & 31))) === 0) continue;
      highest = received + 1 + bit;
      const flight = this.#flights.get(highest);
      this.#markHeld(flight);
      newest = Math.max(newest, flight?.order ?? -1);
    }
    for (let number = this.#received; number < highest; number++) {
      const flight = this.#flights.get(number);
      if (flight !== undefined && !flight.isHeld && flight.order + REORDERING_BOUND <= newest)
        this.#send(number, flight, true);
    }
  }

  #markHeld(flight: Flight | undefined): void {
    if (flight === undefined || flight.isHeld) return;
    flight.isHeld = true;
    this.#measure(flight);
  }

  /** Only what was sent once tells how long the way is (Karn). */
  #measure(flight: Flight): void {
    if (!flight.repeated && !flight.isHeld) this.#roundTrip.measured(this.#options.now() - flight.sentMs);
  }
}
