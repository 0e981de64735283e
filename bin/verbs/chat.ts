/**
 * Owns `mpc chat`: a conversation at the terminal, or of lines from a pipe. What comes is shown as it comes.
 * Must never end without signing out, however it ends.
 */
import { createInterface, type Interface } from 'node:readline';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError, reportOf } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { HELP, parseChatLine, sayAccount, sayHappening } from '../../src/directory/client/chat-lines.ts';
import { Correspondent } from '../../src/directory/client/correspondent.ts';
import { History } from '../../src/directory/client/history.ts';
import { accountFingerprint, Pins } from '../../src/directory/client/pins.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import type { AccountHome, Profile } from '../local/home.ts';
import { atHome, type WayOptions } from '../local/way.ts';

export interface ChatOptions extends WayOptions {
  /** false: nothing of what is said is kept here. */
  readonly history: boolean;
}

interface At {
  readonly home: AccountHome;
  readonly profile: Profile;
  readonly calls: DirectoryCalls;
}

/** Leaving must not hang on a coordinator that is silent. */
const LEAVE_MS = 5_000;

export async function chat(options: ChatOptions): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const screen = new Screen();
    await converse(correspondentOf({ home, profile, calls }, options, screen), home, screen);
  });
}

async function converse(correspondent: Correspondent, home: AccountHome, screen: Screen): Promise<void> {
  const self = await correspondent.signIn();
  screen.say(
    `*** you are ${self.account}; your key is ${self.keys === null ? '' : accountFingerprint(self.keys)}`,
  );
  screen.say('*** \\help shows what you can write; Ctrl-C signs out');
  const leave = new AbortController();
  const received = correspondent.receive(leave.signal);
  received.catch(() => screen.close());
  try {
    await Promise.race([talk(correspondent, home, screen), received]);
  } finally {
    leave.abort();
    screen.close();
    await received.catch(() => {});
    await withinTime(correspondent.logout());
  }
  await received;
}

/** Leaves it be when it takes too long: the session ends by itself then. */
async function withinTime(work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = systemClock.sleep(LEAVE_MS, done.signal).catch(() => {});
  await Promise.race([work.catch(() => {}), late]);
  done.abort(new Error('left'));
}

function correspondentOf({ home, profile, calls }: At, options: ChatOptions, screen: Screen): Correspondent {
  if (profile.key === null)
    throw new MpcError('account.no-keys', 'this account has no key, and messages are sealed to keys', {
      hint: 'give it one: mpc account rekey',
      exitCode: EXIT.noInput,
    });
  const identity = loadIdentity(profile.key);
  const identities = [identity, ...profile.earlierKeys.map((file) => loadIdentity(file))];
  return new Correspondent({
    calls,
    deployment: profile.deployment,
    account: profile.account,
    identity,
    sealingKeys: identities.map(sealingKeyOf),
    pins: new Pins(home.pins),
    history: new History(options.history ? home.history : { read: () => undefined, append: () => {} }),
    clock: systemClock,
    random: systemRandom,
    tell: (happening) => {
      for (const line of sayHappening(happening, timeOf)) screen.say(line);
    },
  });
}

/** Until a line says so, or there are no more. */
async function talk(correspondent: Correspondent, home: AccountHome, screen: Screen): Promise<void> {
  for (let line = await screen.next(); line !== undefined; line = await screen.next()) {
    const said = parseChatLine(line);
    try {
      switch (said.do) {
        case 'help':
          for (const text of HELP) screen.say(text);
          break;
        case 'list':
          for (const account of await correspondent.list(said.pattern)) screen.say(sayAccount(account));
          break;
        case 'send': {
          const names = await correspondent.send(said.text, said.to);
          screen.say(`*** stored for ${names.join(', ')}`);
          break;
        }
        case 'trust': {
          const { keys } = await correspondent.trust(said.account);
          screen.say(
            `*** the key of ${said.account} is ${keys === null ? 'none' : accountFingerprint(keys)} from now on`,
          );
          break;
        }
        case 'explain':
          screen.say(`*** ${said.why}`);
          break;
        case 'delete':
          if (!(await screen.isSure('*** delete this account with its undelivered messages? write yes')))
            break;
          await correspondent.delete();
          home.forgetSession();
          screen.say('*** deleted');
          return;
        case 'logout':
          home.forgetSession();
          return;
        case 'quit':
          return;
        case 'nothing':
          break;
      }
    } catch (error) {
      const { code, message, hint } = reportOf(error);
      const mark = code === 'account.key-changed' ? '!!!' : '***';
      screen.say(`${mark} ${message} [${code}]`);
      if (hint !== undefined) screen.say(`${mark} ${hint}`);
    }
  }
}

/** The terminal: what is being typed stays below what comes. */
class Screen {
  readonly #lines: Interface;
  readonly #written: AsyncIterator<string>;
  readonly #isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;

  constructor() {
    this.#lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: this.#isTerminal,
      prompt: this.#isTerminal ? '> ' : '',
    });
    this.#written = this.#lines[Symbol.asyncIterator]();
    this.#lines.on('SIGINT', () => this.close());
    process.once('SIGINT', () => this.close());
    process.once('SIGTERM', () => this.close());
  }

  say(text: string): void {
    if (this.#isTerminal) process.stdout.write(`\r\u001b[2K${text}\n`);
    else process.stdout.write(`${text}\n`);
    if (this.#isTerminal) this.#lines.prompt(true);
  }

  /** What is written next; undefined when nothing comes any more. */
  async next(): Promise<string | undefined> {
    if (this.#isTerminal) this.#lines.prompt();
    const next = await this.#written.next();
    return next.done === true ? undefined : next.value;
  }

  async isSure(question: string): Promise<boolean> {
    this.say(question);
    return (await this.next())?.trim() === 'yes';
  }

  close(): void {
    this.#lines.close();
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
