/**
 * Owns a coordinator replica's answers to submitted commands: check what is cheap, have it appended, answer what became of it.
 * Must never decide what a command does (the state does, on every replica alike), nor answer before it was applied here.
 *
 * A crash between append and answer loses nothing: the submitter asks again with the same id and gets the first outcome.
 */

import type { Clock } from '../base/clock.ts';
import { assert, type ErrorReport, reportOf } from '../base/errors.ts';
import { traceIdIn } from '../base/trace.ts';
import type { Bus, Message } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { Identity } from '../identity/keys.ts';
import { Appender, type Saying, undecided } from './appender.ts';
import type { Chapter } from './chapter.ts';
import { type Command, parseCommand, type Vouched, verifyCommand } from './commands.ts';
import type { Follower } from './follower.ts';
import type { Trust } from './records.ts';
import { type Reply, replyBytes, replyTo } from './reply.ts';
import { Vocabulary } from './vocabulary.ts';

/** Replicas share the submitted commands through this queue group. */
const QUEUE = 'coordinator';
/** Commands in hand: a second's worth at the rate that a replica can take. */
const IN_HAND = 4096;
/** Of one author: nobody can keep the others out. */
const IN_HAND_PER_AUTHOR = 32;

export interface ServiceOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly trust: Trust;
  /** What its follower follows. */
  readonly chapters: readonly Chapter[];
  /** The coordinator's, to vouch for accounts with. */
  readonly identity?: Identity;
  readonly clock: Clock;
  /** This replica's own follower. */
  readonly follower: Follower;
  /** Every refused or undecided submission, with the name and the trace it came under: for counting and logging. */
  readonly onTrouble?: (report: ErrorReport, from: string, traceId?: string) => void;
}

export interface CoordinatorService {
  /** Commands being worked on now. */
  readonly inHand: number;
  /**
   * Has an account's command (or the coordinator's own) appended under the coordinator's signature. Never rejects: the
   * answer says what became of it, or that it has to be asked again.
   */
  vouch(command: Vouched): Promise<Reply>;
  /** Takes no more commands; resolves when those in hand are answered or given up. */
  stop(): Promise<void>;
}

export async function startCoordinatorService(options: ServiceOptions): Promise<CoordinatorService> {
  const { bus, deployment, follower, clock, identity } = options;
  const log = await bus.log(subjects.logStream(deployment));
  const own = identity === undefined ? {} : { identity };
  const service = new Service(options, new Appender({ log, follower, deployment, clock, ...own }));
  service.open();
  return service;
}

class Service implements CoordinatorService {
  private readonly options: ServiceOptions;
  private readonly appender: Appender;
  private readonly vocabulary: Vocabulary;
  private readonly working = new Set<Promise<void>>();
  private readonly perAuthor = new Map<string, number>();
  private close: () => void = () => {};

  constructor(options: ServiceOptions, appender: Appender) {
    this.options = options;
    this.appender = appender;
    this.vocabulary = new Vocabulary(options.chapters);
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

  async vouch(command: Vouched): Promise<Reply> {
    try {
      this.vocabulary.checked(command.body);
    } catch (error) {
      return { ok: false, error: reportOf(error) };
    }
    if (this.isFull(`~${command.author}`)) return again(BUSY);
    return this.hold(`~${command.author}`, () => this.said({ vouched: command }));
  }

  async stop(): Promise<void> {
    this.close();
    this.appender.stop(undecided('coordinator.stopping', 'this coordinator is being stopped'));
    await Promise.all(this.working);
  }

  private receive(message: Message): void {
    const from = senderOf(message.subject);
    if (message.respond === undefined) this.note(NO_REPLY_SUBJECT, from);
    else if (this.isFull(from)) this.answer(message, from, again(BUSY));
    else
      void this.hold(from, async () => {
        const reply = await this.replyFor(message, from);
        this.answer(message, from, reply);
        return reply;
      });
  }

  private isFull(author: string): boolean {
    // What the coordinators say themselves is bounded where it comes from.
    if (this.working.size >= IN_HAND) return true;
    return author !== '~coordinator' && (this.perAuthor.get(author) ?? 0) >= IN_HAND_PER_AUTHOR;
  }

  /** Counts it among those in hand while it lasts. `work` never rejects. */
  private async hold(author: string, work: () => Promise<Reply>): Promise<Reply> {
    this.perAuthor.set(author, (this.perAuthor.get(author) ?? 0) + 1);
    const reply = work();
    const held = reply.then(() => {
      this.working.delete(held);
      const left = (this.perAuthor.get(author) ?? 1) - 1;
      if (left > 0) this.perAuthor.set(author, left);
      else this.perAuthor.delete(author);
    });
    this.working.add(held);
    return reply;
  }

  private answer({ respond, trace = '' }: Message, from: string, reply: Reply): void {
    const traceId = traceIdIn(trace);
    if (!reply.ok) this.note(reply.error, from, traceId);
    try {
      respond?.(replyBytes(reply));
    } catch (error) {
      this.note(reportOf(error), from, traceId); // the connection is gone: the submitter asks again
    }
  }

  private async replyFor(message: Message, from: string): Promise<Reply> {
    const command = this.checked(message, from);
    return 'error' in command ? { ok: false, error: command.error } : this.said({ signed: command });
  }

  /** Cheapest first: the size and form, whose name it came under, the signature. */
  private checked({ data }: Message, from: string): Command | { readonly error: ErrorReport } {
    const { deployment, trust } = this.options;
    try {
      const command = parseCommand(data);
      if (command.author !== from) return { error: wrongSender(command.author, from) };
      this.vocabulary.checked(command.body);
      verifyCommand(deployment, command, trust[command.author]);
      return command;
    } catch (error) {
      return { error: reportOf(error) };
    }
  }

  private async said(saying: Saying): Promise<Reply> {
    try {
      return replyTo(await this.appender.say(saying));
    } catch (error) {
      const report = reportOf(error);
      // No retry makes a command fit a broker that takes less than we need. Everything else may pass.
      return report.code === 'bus.too-large' ? { ok: false, error: report } : again(report);
    }
  }

  private note(report: ErrorReport, from: string, traceId?: string): void {
    this.options.onTrouble?.(report, from, traceId);
  }
}

/** The from-token of `mpc.<deployment>.coordinator.<from>.submit`. */
function senderOf(subject: string): string {
  const from = subject.split('.')[3];
  assert(from !== undefined, 'the service hears submit subjects only');
  return from;
}

const again = (error: ErrorReport): Reply => ({ ok: false, error, again: true });

const BUSY: ErrorReport = {
  code: 'coordinator.busy',
  message: 'too many commands are in hand',
  hint: 'ask again with the same id',
};

const NO_REPLY_SUBJECT: ErrorReport = {
  code: 'command.no-reply-subject',
  message: 'a command came without a way to answer it',
};

const wrongSender = (author: string, from: string): ErrorReport => ({
  code: 'command.wrong-sender',
  message: `a command of ${author} came under the name ${from}`,
  hint: 'every participant submits its own commands',
});
