/**
 * Owns what callers ask of the directory and what they are told: plain data, the same over every wire.
 */
import type { KeysSaid } from './bodies.ts';
import type { Keys } from './rows.ts';

/** What everyone may know of an account. */
export interface AccountView {
  readonly account: string;
  /** The log entry that made it: another number is another owner. */
  readonly born: number;
  readonly createdMs: number;
  readonly party: boolean;
  readonly keys: Keys | null;
  /** Places where it is signed in now. */
  readonly places: number;
}

export interface AccountsPage {
  readonly accounts: readonly AccountView[];
  readonly next: string | undefined;
}

/** Who asks, once its token has been looked at. */
export interface SignedIn {
  readonly account: string;
  /** The token's digest. */
  readonly session: string;
  readonly expiresMs: number;
  /** What this place has acknowledged. */
  readonly acknowledged: number;
}

export interface RegisterRequest {
  readonly account: string;
  readonly password?: string;
  readonly keys?: KeysSaid;
}

/** By a password (the token is made here unless the caller brings one), or by what the account's key has signed. */
export type LoginRequest = { readonly account: string; readonly lifetimeMs?: number } & (
  | { readonly password: string; readonly token?: string }
  | { readonly session: string; readonly atMs: number; readonly signature: string }
);

/** Why its owner is believed, once more, before something that cannot be undone. */
export type Proof = { readonly password: string } | { readonly atMs: number; readonly signature: string };

export interface SendRequest {
  /** 32 hexadecimal digits: the message's id, the same for its retries. */
  readonly id: string;
  readonly to: string;
  readonly sealedTo: string;
  readonly sealed: string;
}
