/**
 * Owns what this machine keeps of its user's accounts: key, session, known keys, history, a directory an account.
 * Must never leave a file that others may read, nor a half-written one: files are written beside and renamed.
 *
 *   <home>/accounts/<deployment>/<account>/   account.json  key.seed  session.json  pins.json  history.ndjson
 */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import type { HistoryStore } from '../../src/directory/client/history.ts';
import type { PinStore } from '../../src/directory/client/pins.ts';
import { accountName, checkAccountName } from '../../src/directory/names.ts';

const profileSchema = z.strictObject({
  version: z.literal(1),
  account: accountName,
  deployment: z.string(),
  /** URLs of the coordinators, the preferred one first; none where they are reached otherwise. */
  coordinators: z.array(z.string()),
  /** The party's configuration whose brokers they are reached over, if that was the last way. */
  config: z.string().optional(),
  /** File of the account's key; null for an account that has none. */
  key: z.string().nullable(),
  /** Files of earlier keys: mail may still be sealed to them. */
  earlierKeys: z.array(z.string()),
});

export type Profile = z.infer<typeof profileSchema>;

const sessionSchema = z.strictObject({ version: z.literal(1), token: z.string(), expiresMs: z.int() });

export interface HomeOptions {
  readonly home?: string;
  readonly deployment?: string;
  readonly account?: string;
}

export const homeDirectory = ({ home }: Pick<HomeOptions, 'home'>): string =>
  resolve(
    home ?? process.env.MPC_HOME ?? join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'mpc'),
  );

export const deploymentOf = ({ deployment }: Pick<HomeOptions, 'deployment'>): string =>
  deployment ?? process.env.MPC_DEPLOYMENT ?? 'local';

/** The one account's directory that is asked for; without a name the only one there. Throws `account.none`, `account.which`. */
export function openHome(options: HomeOptions): AccountHome {
  const accounts = join(homeDirectory(options), 'accounts', deploymentOf(options));
  const wanted = options.account ?? process.env.MPC_ACCOUNT;
  const known = existsSync(accounts)
    ? readdirSync(accounts).filter((name) => existsSync(join(accounts, name, 'account.json')))
    : [];
  const name = wanted ?? (known.length === 1 ? known[0] : undefined);
  if (name !== undefined && known.includes(name)) return new AccountHome(join(accounts, name));
  if (wanted === undefined && known.length > 1)
    throw new MpcError('account.which', `there are several accounts here: ${known.join(', ')}`, {
      hint: 'name one with --account',
      exitCode: EXIT.usage,
    });
  throw new MpcError(
    'account.none',
    `there is no account ${name ?? ''} of deployment ${deploymentOf(options)} here`,
    {
      hint: 'mpc account register NAME makes one; mpc account login NAME --key FILE brings one here',
      exitCode: EXIT.noInput,
    },
  );
}

/** A directory for an account that is to be kept here. */
export function makeHome(options: HomeOptions, account: string): AccountHome {
  const directory = join(
    homeDirectory(options),
    'accounts',
    deploymentOf(options),
    checkAccountName(account),
  );
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new AccountHome(directory);
}

export class AccountHome {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get keyFile(): string {
    return join(this.directory, 'key.seed');
  }

  get profile(): Profile | undefined {
    return this.#read('account.json', profileSchema);
  }

  saveProfile(profile: Omit<Profile, 'version'>): void {
    this.#write('account.json', JSON.stringify({ version: 1, ...profile }, undefined, 1));
  }

  get session(): { readonly token: string; readonly expiresMs: number } | undefined {
    return this.#read('session.json', sessionSchema);
  }

  saveSession({ token, expiresMs }: { readonly token: string; readonly expiresMs: number }): void {
    this.#write('session.json', JSON.stringify({ version: 1, token, expiresMs }));
  }

  forgetSession(): void {
    rmSync(join(this.directory, 'session.json'), { force: true });
  }

  /** All that is kept of the account, its key too. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  get pins(): PinStore {
    return { read: () => this.#text('pins.json'), write: (text) => this.#write('pins.json', text) };
  }

  /** How far each conversation was read. */
  get marks(): PinStore {
    return { read: () => this.#text('read.json'), write: (text) => this.#write('read.json', text) };
  }

  get history(): HistoryStore {
    const path = join(this.directory, 'history.ndjson');
    return {
      read: () => this.#text('history.ndjson'),
      append: (line) => {
        const file = openSync(path, 'a', 0o600);
        try {
          appendFileSync(file, line);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
      },
    };
  }

  /** Undefined where there is none. Throws `home.open-to-others`. */
  #text(name: string): string | undefined {
    const path = join(this.directory, name);
    if (!existsSync(path)) return undefined;
    if ((statSync(path).mode & 0o077) !== 0)
      throw new MpcError('home.open-to-others', `${path} can be read by others`, {
        hint: `chmod 600 ${path}; if it holds a session, sign out everywhere: mpc account password`,
        place: { file: path },
        exitCode: EXIT.noPermission,
      });
    return readFileSync(path, 'utf8');
  }

  #read<Value>(name: string, schema: z.ZodType<Value>): Value | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      throw new MpcError('home.damaged', `${join(this.directory, name)} is damaged`, {
        hint: 'restore it from your backup, or remove it and sign in again',
        place: { file: join(this.directory, name) },
        exitCode: EXIT.badData,
      });
    }
  }

  #write(name: string, text: string): void {
    const path = join(this.directory, name);
    // Of its own: two programs of one user may write at once.
    const beside = `${path}.${process.pid}.new`;
    const file = openSync(beside, 'w', 0o600);
    try {
      writeFileSync(file, `${text.trimEnd()}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    chmodSync(beside, 0o600);
    renameSync(beside, path);
  }
}
