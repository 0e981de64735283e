/**
 * Owns a coordinator replica's answers to submitted commands: check what is cheap, append, wait for the own follower, answer.
 * Must never decide what a command does (the state does, on every replica alike), nor answer before it was applied here.
 *
 * A crash between append and answer loses nothing: the submitter asks again with the same id and gets the first outcome.
 */

import { unlessAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { assert, type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import type { Bus, Log, Message } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { type Command, commandBytes, commandDigest, parseCommand, verifyCommand } from './commands.ts';
import { collaborationId, descriptorDigest } from './descriptor.ts';
import type { Follower } from './follower.ts';
import type { Outcome, Trust } from './records.ts';
import { type Reply, replyBytes, replyTo } from './reply.ts';

/** Replicas share the submitted commands through this queue group. */
const QUEUE = 'coordinator';
/** Commands in hand: each waits for one append of a few milliseconds, so this is far above what a replica can use. */
const IN_HAND = 256;
/** Of one author: nobody can keep the others out. */
const IN_HAND_PER_AUTHOR = 32;
/** After this long the submitter is told to ask again. */
const PATIENCE_MS = 10_000;

export interface ServiceOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly trust: Trust;
  readonly clock: Clock;
  /** This replica's own follower. */
  readonly follower: Follower;
  /** Every refused or undecided submission, with the name it came under: for counting and logging. */
  readonly onTrouble?: (report: ErrorReport, from: string) => void;
}

export interface CoordinatorService {
  /** Commands being worked on now. */
  readonly inHand: number;
  /** Takes no more commands; resolves when those in hand are answered or given up. */
  stop(): Promise<void>;
}

export async function startCoordinatorService(options: ServiceOptions): Promise<CoordinatorService> {
  const { bus, deployment } = options;
  const service = new Service(options, await bus.log(subjects.logStream(deployment)));
  service.open();
  return service;
}

class Service implements CoordinatorService {
  private readonly options: ServiceOptions;
  private readonly log: Log;
  private readonly working = new Set<Promise<void>>();
  private readonly perAuthor = new Map<string, number>();
  /** Retries of a command in hand wait for the same outcome. */
  private readonly appending = new Map<string, Promise<Reply>>();
  /** Ends the waiting of each command in hand. */
  private readonly waiting = new Set<AbortController>();
  private stopped = false;
  private close: () => void = () => {};

  constructor(options: ServiceOptions, log: Log) {
    this.options = options;
    this.log = log;
  }

  get inHand(): number {
    return this.working.size;
  }

  open(): void {
    const { bus, deployment } = this.options;
    const subscription = bus.subscribe(
      subjects.submit(deployment, '*'),
      (message) => this.receive(message),
      QUEUE,
    );
    this.close = () => subscription.unsubscribe();
  }

  async stop(): Promise<void> {
    this.close();
    this.stopped = true;
    for (const giveUp of this.waiting) giveUp.abort(stopping());
    await Promise.all(this.working);
  }

  private receive(message: Message): void {
    const { respond } = message;
    const from = senderOf(message.subject);
    if (respond === undefined) this.note(NO_REPLY_SUBJECT, from);
    else if (this.working.size >= IN_HAND || (this.perAuthor.get(from) ?? 0) >= IN_HAND_PER_AUTHOR)
      this.answer(respond, from, again(BUSY));
    else this.take(message, respond, from);
  }

  private take(message: Message, respond: (data: Uint8Array) => void, from: string): void {
    this.perAuthor.set(from, (this.perAuthor.get(from) ?? 0) + 1);
    const work = this.replyFor(message, from)
      .then((reply) => this.answer(respond, from, reply))
      .finally(() => {
        this.working.delete(work);
        const left = (this.perAuthor.get(from) ?? 1) - 1;
        if (left > 0) this.perAuthor.set(from, left);
        else this.perAuthor.delete(from);
      });
    this.working.add(work);
  }

  private answer(respond: (data: Uint8Array) => void, from: string, reply: Reply): void {
    if (!reply.ok) this.note(reply.error, from);
    try {
      respond(replyBytes(reply));
    } catch (error) {
      this.note(reportOf(error), from); // the connection is gone: the submitter asks again
    }
  }

  /** Never rejects. */
  private async replyFor(message: Message, from: string): Promise<Reply> {
    const command = this.checked(message, from);
    if ('error' in command) return { ok: false, error: command.error };
    const key = `${command.author} ${commandDigest(command)}`;
    const known = this.appending.get(key);
    if (known !== undefined) return known;
    const reply = this.append(command).finally(() => this.appending.delete(key));
    this.appending.set(key, reply);
    return reply;
  }

  /** Cheapest first: the size and form, whose name it came under, the signature. */
  private checked({ data }: Message, from: string): Command | { readonly error: ErrorReport } {
    const { deployment, trust } = this.options;
    try {
      const command = parseCommand(data);
      if (command.author !== from) return { error: wrongSender(command.author, from) };
      verifyCommand(deployment, command, trust[command.author]);
      return command;
    } catch (error) {
      return { error: reportOf(error) };
    }
  }

  private async append(command: Command): Promise<Reply> {
    const { follower, clock } = this.options;
    const giveUp = new AbortController();
    this.waiting.add(giveUp);
    if (this.stopped) giveUp.abort(stopping());
    const cancel = clock.after(PATIENCE_MS, () =>
      giveUp.abort(undecided('coordinator.slow', 'the log has not answered yet')),
    );
    try {
      const outcome = follower.state.outcomeOf(command) ?? (await this.appended(command, giveUp.signal));
      return replyTo(outcome, follower.collaboration(subjectOf(command))?.status);
    } catch (error) {
      const report = reportOf(error);
      // No retry makes a command fit a broker that takes less than we need. Everything else may pass.
      return report.code === 'bus.too-large' ? { ok: false, error: report } : again(report);
    } finally {
      cancel();
      this.waiting.delete(giveUp);
    }
  }

  private async appended(command: Command, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const { follower } = this.options;
    // Its digest, not its bare id, names the entry: an id used twice for different things must reach the state to be refused.
    const sequence = await unlessAborted(
      this.log.append(commandDigest(command).slice(0, 32), commandBytes(command)),
      signal,
    );
    return follower.until((state) => {
      const outcome = state.outcomeOf(command);
      if (outcome !== undefined) return outcome;
      return state.sequence >= sequence ? { ok: false as const, sequence, error: ID_IS_TAKEN } : undefined;
    }, signal);
  }

  private note(report: ErrorReport, from: string): void {
    this.options.onTrouble?.(report, from);
  }
}

/** The from-token of `mpc.<deployment>.coordinator.<from>.submit`. */
function senderOf(subject: string): string {
  const from = subject.split('.')[3];
  assert(from !== undefined, 'the service hears submit subjects only');
  return from;
}

/** The id of the collaboration a command is about. */
const subjectOf = ({ body }: Command): string =>
  body.kind === 'create' ? collaborationId(descriptorDigest(body.descriptor)) : body.collaboration;

const again = (error: ErrorReport): Reply => ({ ok: false, error, again: true });

const undecided = (code: string, message: string): MpcError =>
  new MpcError(code, message, { hint: 'ask again with the same id' });

const stopping = (): MpcError => undecided('coordinator.stopping', 'this coordinator is being stopped');

const BUSY: ErrorReport = {
  code: 'coordinator.busy',
  message: 'too many commands are in hand',
  hint: 'ask again with the same id',
};

const NO_REPLY_SUBJECT: ErrorReport = {
  code: 'command.no-reply-subject',
  message: 'a command came without a way to answer it',
};

const ID_IS_TAKEN: ErrorReport = {
  code: 'command.id-reused',
  message: 'this id belongs to another command of the same author',
  hint: 'use a new id for every command, the same for its retries',
};

const wrongSender = (author: string, from: string): ErrorReport => ({
  code: 'command.wrong-sender',
  message: `a command of ${author} came under the name ${from}`,
  hint: 'every participant submits its own commands',
});
