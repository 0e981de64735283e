/**
 * Owns the channel itself: joins sessions, sender and receiver to the bus and the clock.
 * Must never throw at the bus, nor let a refused frame change anything; and must answer a peer that restarts until it is
 * closed, long after its own work is done.
 *
 * The hot path has no timer and no waiting: a chunk is sealed and published in the microtask in which its source gives
 * it; a frame is opened and its chunk handed to the sink inside the bus's handler. Acknowledgements ride on what is sent
 * anyway; alone they go at once when something is odd (a gap, a repetition, the end, a quarter of the window), else after
 * `ackDelayMs`.
 */
import { type ErrorReport, EXIT, MpcError, reportOf } from '../base/errors.ts';
import type { Subscription } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { Alarm } from './alarm.ts';
import type { Channel, ChannelOptions, ChunkSink, ChunkSource, Traffic } from './channel.ts';
import { parseFrame, type SealedRecord, type Status } from './frames.ts';
import { conversationOf } from './handshake.ts';
import { Liveness } from './liveness.ts';
import { Receiver } from './receiver.ts';
import { type Refusal, reportOfRefusal } from './refusals.ts';
import { Sender } from './sender.ts';
import { type Opened, Sessions } from './sessions.ts';
import { type ChannelSettings, defaultSettings } from './settings.ts';

/** Opens the channel and asks for the peer. Throws `identity.public-key` for a peer's key that is none. */
export function openChannel(options: ChannelOptions, settings: ChannelSettings = defaultSettings): Channel {
  return new SealedChannel(options, settings);
}

type Counts = { -readonly [Name in keyof Traffic]: Traffic[Name] };

class SealedChannel implements Channel {
  readonly done: Promise<void>;
  readonly #options: ChannelOptions;
  readonly #settings: ChannelSettings;
  readonly #subject: string;
  readonly #sessions: Sessions;
  readonly #sender: Sender | undefined;
  readonly #receiver: Receiver | undefined;
  readonly #liveness: Liveness;
  readonly #alarm: Alarm;
  readonly #subscriptions: Subscription[];
  readonly #traffic: Counts = {
    sentBytes: 0,
    receivedBytes: 0,
    sentFrameBytes: 0,
    receivedFrameBytes: 0,
    repeatedChunks: 0,
    refusedFrames: 0,
  };
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
  #isClosed = false;
  /** When the acknowledgement that is owed goes out alone. */
  #ackDueMs: number | undefined;
  #unacknowledgedBytes = 0;
  #unacknowledgedChunks = 0;
  #askDueMs: number;
  #askEveryMs: number;
  #wasWaiting = true;

  constructor(options: ChannelOptions, settings: ChannelSettings) {
    const { bus, clock, random, me, peer, topic, outgoing, incoming } = options;
    this.#options = options;
    this.#settings = settings;
    this.#settle = { resolve: () => {}, reject: () => {} };
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => {}); // whoever does not wait for the end is told through `onTrouble`
    this.#subject = subjects.channel(topic.deployment, peer, me, topic.collaboration, topic.purpose);
    this.#sessions = new Sessions({
      conversation: conversationOf(options),
      random,
      clock,
      settings,
      publish: (frame) => this.#publish([frame]),
      onWelcome: () => this.#begin(),
    });
    this.#sender = outgoing === undefined ? undefined : this.#senderOf(outgoing);
    this.#receiver = incoming === undefined ? undefined : this.#receiverOf(incoming);
    this.#liveness = new Liveness(settings, clock.now());
    this.#alarm = new Alarm(clock, (lateMs) => this.#takeTime(lateMs));
    this.#askEveryMs = settings.handshakeMs[0];
    this.#askDueMs = clock.now() + this.#askEveryMs;
    const heardAs = subjects.channel(topic.deployment, me, peer, topic.collaboration, topic.purpose);
    this.#subscriptions = [
      bus.listen(heardAs, (data) => this.#take(data)),
      bus.onReconnect(() => this.#askAnew()),
    ];
    this.#sessions.ask();
    this.#checkDone();
    this.#setAlarm();
  }

  get traffic(): Traffic {
    return this.#traffic;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#say(false);
    this.#stop();
    this.#settle.reject(
      new MpcError('channel.closed', `the channel to ${this.#options.peer} was closed before it was done`, {
        exitCode: EXIT.unavailable,
      }),
    );
  }

  #stop(): void {
    this.#isClosed = true;
    this.#alarm.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#sender?.stop();
    this.#receiver?.stop();
    this.#sessions.erase();
  }

  #senderOf(source: ChunkSource): Sender {
    return new Sender({
      source,
      settings: this.#settings,
      now: () => this.#options.clock.now(),
      isReady: () => !this.#isClosed && this.#sessions.current !== undefined,
      transmit: (number, chunk, again) => {
        if (again) this.#traffic.repeatedChunks++;
        else this.#traffic.sentBytes += chunk?.length ?? 0;
        this.#send(chunk === undefined ? { kind: 'end', number } : { kind: 'data', number, chunk }, false);
        this.#setAlarm();
      },
      onEnd: () => this.#checkDone(),
      onFailure: (error) => this.#fail(error),
    });
  }

  #receiverOf(sink: ChunkSink): Receiver {
    return new Receiver({
      sink,
      settings: this.#settings,
      onProgress: (bytes) => {
        this.#unacknowledgedBytes += bytes;
        this.#unacknowledgedChunks++;
        const { windowBytes, windowChunks } = this.#settings;
        const isMuch =
          this.#unacknowledgedBytes >= windowBytes / 4 || this.#unacknowledgedChunks >= windowChunks / 4;
        if (isMuch || this.#receiver?.isFinished === true) this.#say(false);
        else this.#oweStatus();
        this.#checkDone();
      },
      onFailure: (error) => this.#fail(error),
    });
  }

  #take(data: Uint8Array): void {
    if (this.#isClosed) return;
    this.#traffic.receivedFrameBytes += data.length;
    const refusal = this.#takeFrame(data);
    if (refusal !== undefined) this.#refuse(refusal);
    this.#setAlarm();
  }

  #takeFrame(data: Uint8Array): Refusal | undefined {
    const frame = parseFrame(data);
    if (typeof frame === 'string') return frame;
    switch (frame.type) {
      case 'knock':
        return this.#sessions.takeKnock(frame);
      case 'hello':
        return this.#sessions.takeHello(frame);
      case 'welcome':
        return this.#sessions.takeWelcome(frame);
      case 'sealed': {
        const opened = this.#sessions.takeSealed(frame);
        return typeof opened === 'string' ? opened : this.#takeRecord(opened, frame.counter);
      }
    }
  }

  #takeRecord({ record, session, isFirst }: Opened, counter: number): Refusal | undefined {
    if (this.#liveness.heard(this.#options.clock.now())) this.#options.onPresence?.(true);
    const isCurrent = session === this.#sessions.current;
    const opensResponder = isFirst && record.proof !== undefined;
    if (opensResponder) this.#sender?.beginSession();
    const refusal = this.#takeContent(record);
    // What an older session says of the peer's place is old news as soon as the new one has said anything.
    let statusRefusal: Refusal | undefined;
    if (counter > session.newestStatus && (isCurrent || this.#sessions.current?.isHeard !== true)) {
      session.newestStatus = counter;
      statusRefusal = this.#sender?.takeStatus(record.status, isFirst);
    }
    if (opensResponder || record.asks) this.#say(false);
    this.#checkDone();
    return refusal ?? statusRefusal;
  }

  #takeContent({ kind, number, chunk }: SealedRecord): Refusal | undefined {
    if (kind === 'status') return undefined;
    if (this.#receiver === undefined) return 'channel.unexpected-data';
    const before = this.#receiver.received;
    const outcome =
      chunk === undefined ? this.#receiver.takeEnd(number) : this.#receiver.takeChunk(number, chunk);
    if (outcome === undefined && chunk !== undefined) this.#traffic.receivedBytes += chunk.length;
    if (outcome === 'repeated' || (kind === 'data' && number > before)) this.#say(false);
    else this.#oweStatus();
    return outcome === 'repeated' ? undefined : outcome;
  }

  /** The initiator's first words in a new session carry its proof. */
  #begin(): void {
    this.#sender?.beginSession();
    this.#say(true);
    this.#sender?.pull();
  }

  #oweStatus(): void {
    this.#ackDueMs ??= this.#options.clock.now() + this.#settings.ackDelayMs;
    this.#setAlarm();
  }

  #say(asks: boolean): void {
    this.#send({ kind: 'status', number: 0 }, asks);
  }

  #send(content: Pick<SealedRecord, 'kind' | 'number' | 'chunk'>, asks: boolean): void {
    if (this.#isClosed || this.#sessions.current === undefined) return;
    this.#ackDueMs = undefined;
    this.#unacknowledgedBytes = 0;
    this.#unacknowledgedChunks = 0;
    let frame: Uint8Array[];
    try {
      frame = this.#sessions.seal({ ...content, asks, status: this.#status() });
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#publish(frame);
  }

  #status(): Status {
    const receiver = this.#receiver;
    return {
      wanted: receiver?.wanted ?? 0,
      received: receiver?.received ?? 0,
      held: receiver?.held ?? [0, 0],
      window: this.#settings.windowBytes,
    };
  }

  #publish(frame: readonly Uint8Array[]): void {
    for (const { length } of frame) this.#traffic.sentFrameBytes += length;
    try {
      this.#options.bus.send(this.#subject, frame);
    } catch (error) {
      this.#report(reportOf(error));
    }
  }

  /** Reconnected, or nothing heard for too long: a session is asked for at once, then more and more slowly. */
  #askAnew(): void {
    if (this.#isClosed || !this.#isWaiting()) return;
    this.#askEveryMs = this.#settings.handshakeMs[0];
    this.#ask();
    this.#setAlarm();
  }

  #ask(): void {
    this.#sessions.ask();
    this.#askDueMs = this.#options.clock.now() + this.#askEveryMs;
    this.#askEveryMs = Math.min(2 * this.#askEveryMs, this.#settings.handshakeMs[1]);
  }

  #isWaiting(): boolean {
    return this.#sender?.isFinished === false || this.#receiver?.isFinished === false;
  }

  #takeTime(lateMs: number): void {
    const now = this.#options.clock.now();
    if (this.#ackDueMs !== undefined && now >= this.#ackDueMs) this.#say(false);
    if (lateMs < this.#settings.lateMs) this.#sender?.takeTime(now);
    this.#sessions.renewWhenWorn();
    if (this.#isWaiting()) {
      if (lateMs >= this.#settings.pingMs) this.#liveness.restart(now);
      const { ask, isLost } = this.#liveness.takeTime(now);
      if (ask && this.#sessions.isSettled) this.#say(true);
      if (isLost) {
        this.#options.onPresence?.(false);
        this.#askAnew();
      } else if (!this.#sessions.isSettled && now >= this.#askDueMs) this.#ask();
    }
    this.#setAlarm();
  }

  #setAlarm(): void {
    if (this.#isClosed) return;
    const isWaiting = this.#isWaiting();
    if (isWaiting && !this.#wasWaiting) this.#liveness.restart(this.#options.clock.now());
    this.#wasWaiting = isWaiting;
    let dueMs = Math.min(
      this.#ackDueMs ?? Number.POSITIVE_INFINITY,
      this.#sender?.dueMs ?? Number.POSITIVE_INFINITY,
    );
    if (isWaiting) {
      dueMs = Math.min(dueMs, this.#liveness.dueMs);
      if (!this.#sessions.isSettled) dueMs = Math.min(dueMs, this.#askDueMs);
    }
    if (dueMs < Number.POSITIVE_INFINITY) this.#alarm.set(dueMs);
  }

  #checkDone(): void {
    if (!this.#isWaiting()) this.#settle.resolve();
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#settle.reject(error);
    this.#report(reportOf(error));
    this.#stop();
  }

  #refuse(refusal: Refusal): void {
    this.#traffic.refusedFrames++;
    this.#report(reportOfRefusal(refusal));
  }

  #report(report: ErrorReport): void {
    this.#options.onTrouble?.(report);
  }
}
