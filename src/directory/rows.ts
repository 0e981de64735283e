/**
 * Owns the records of the directory: plain JSON in tables, the same on every replica.
 * Must never hold a password, a token or a text: only their salted hashes, their digests, and what is sealed.
 */
import type { ReadTable, Table, Tables } from '../coordination/chapter.ts';
import type { PublicKey } from '../identity/keys.ts';
import type { SealingPublicKey } from '../identity/sealing.ts';

export const DIRECTORY = 'directory';

export interface Keys {
  readonly signing: PublicKey;
  readonly sealing: SealingPublicKey;
}

export interface Account {
  readonly name: string;
  /** The log entry that made it: who registers the name again later is someone else. */
  readonly born: number;
  readonly createdMs: number;
  /** `scrypt$…`, or null: this account signs in by its key alone. */
  readonly password: string | null;
  /** Counts the passwords: a check of an earlier one does not count for the next. */
  readonly passwordNumber: number;
  readonly keys: Keys | null;
  /** The name is an enrolled party's, and its key has agreed. */
  readonly party: boolean;
  /** Failed logins since then. */
  readonly failures: { readonly sinceMs: number; readonly count: number };
  readonly lockedUntilMs: number;
  /** Digests of its sessions' tokens, in the order in which they were opened. */
  readonly sessions: readonly string[];
  /** Sessions opened by signed statements that still count: none may be used again. */
  readonly keyLogins: readonly { readonly session: string; readonly atMs: number }[];
}

/** One place where an account is signed in. Its key is the SHA-256 of its token. */
export interface Session {
  readonly account: string;
  readonly openedMs: number;
  readonly expiresMs: number;
  /** When it was opened, renewed, or last acknowledged something. */
  readonly seenMs: number;
  /** All messages up to this number have been shown there. */
  readonly acknowledged: number;
}

/** What changes with every message, apart from what seldom does. */
export interface Mailbox {
  /** The number of the next message; the first is 1. */
  readonly next: number;
  /** The lowest number still kept; `next` when there is none. */
  readonly first: number;
  /** The highest number that any place has acknowledged: a new place begins behind it. */
  readonly acknowledged: number;
  readonly bytes: number;
  /** Thousandths of a message that may still be sent at `atMs`. */
  readonly allowance: { readonly thousandths: number; readonly atMs: number };
}

export type Mail =
  | {
      readonly kind: 'message';
      readonly number: number;
      /** The sender's id for it. */
      readonly id: string;
      readonly from: string;
      /** Log time of its acceptance. */
      readonly timeMs: number;
      /** The recipient's key that it was sealed to. */
      readonly sealedTo: SealingPublicKey;
      /** base64url. */
      readonly sealed: string;
    }
  | {
      /** From the coordinators: that account was deleted before it got these messages. */
      readonly kind: 'undelivered';
      readonly number: number;
      readonly timeMs: number;
      readonly account: string;
      readonly count: number;
      /** The first of their ids. */
      readonly ids: readonly string[];
    };

/** One record: how many may register now. */
export interface Registrations {
  readonly thousandths: number;
  readonly atMs: number;
}

/** What of one sender waits in one mailbox; there is none where nothing does. */
export interface MailShare {
  readonly messages: number;
  /** Characters of their sealed texts. */
  readonly bytes: number;
}

export interface DirectoryTables {
  readonly accounts: Table<Account>;
  readonly sessions: Table<Session>;
  readonly mailboxes: Table<Mailbox>;
  /** By `mailKey`. */
  readonly mail: Table<Mail>;
  /** By `shareKey`. */
  readonly shares: Table<MailShare>;
  readonly registrations: Table<Registrations>;
}

export type DirectoryRecords = {
  readonly [Name in keyof DirectoryTables]: DirectoryTables[Name] extends Table<infer Row>
    ? ReadTable<Row>
    : never;
};

export const shareKey = (account: string, sender: string): string => `${account} ${sender}`;

export const mailKey = (account: string, number: number): string => `${account} ${number}`;

export function directoryTables(tables: Tables): DirectoryTables {
  return {
    accounts: tables.table('accounts'),
    sessions: tables.table('sessions'),
    mailboxes: tables.table('mailboxes'),
    mail: tables.table('mail'),
    shares: tables.table('shares'),
    registrations: tables.table('registrations'),
  };
}

/** The same to read, of whoever holds all chapters' tables. Looked up at each use: a table begins with its first row. */
export function directoryRecords(
  read: <Row>(chapter: string, name: string) => ReadTable<Row>,
): DirectoryRecords {
  return {
    get accounts() {
      return read<Account>(DIRECTORY, 'accounts');
    },
    get sessions() {
      return read<Session>(DIRECTORY, 'sessions');
    },
    get mailboxes() {
      return read<Mailbox>(DIRECTORY, 'mailboxes');
    },
    get mail() {
      return read<Mail>(DIRECTORY, 'mail');
    },
    get shares() {
      return read<MailShare>(DIRECTORY, 'shares');
    },
    get registrations() {
      return read<Registrations>(DIRECTORY, 'registrations');
    },
  };
}
