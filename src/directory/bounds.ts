/**
 * Owns the bounds of accounts, sessions and mail, each with its reason. Replicas decide by them: they must be equal on all.
 */
export const BOUNDS = {
  /** Accounts of one deployment: every replica holds them in memory. */
  accounts: 100_000,
  /** New accounts a second, and at once: anyone who reaches a coordinator may register. */
  registrationsPerSecond: 20,
  registrationsAtOnce: 500,
  /** Places where one account is signed in; one more ends the one that has been silent longest. */
  sessionsPerAccount: 32,
  /** Milliseconds that a session lasts: as asked for, within these. */
  shortestSessionMs: 60_000,
  sessionMs: 12 * 3600_000,
  longestSessionMs: 30 * 24 * 3600_000,
  /** Failed logins within `failuresWithinMs` that lock an account for `lockedMs`. */
  failedLogins: 10,
  failuresWithinMs: 60_000,
  lockedMs: 60_000,
  /** A signed statement counts while log time is this close to its own: two clocks may differ by so much. */
  statementMs: 5 * 60_000,
  /** Sessions opened by key that are remembered for as long as their statements count. */
  keyLogins: 128,
  /** Messages and their bytes that wait for one account. */
  mailboxMessages: 1_000,
  mailboxBytes: 4 * 1024 * 1024,
  /** Of these, what one sender may have waiting there: nobody can fill another's mailbox alone. */
  senderMessages: 250,
  senderBytes: 1024 * 1024,
  /** A place that has acknowledged nothing for so long ends when it alone keeps a full mailbox full. */
  silentMs: 10 * 60_000,
  /** Messages that one account may send a second, and at once. */
  messagesPerSecond: 100,
  messagesAtOnce: 500,
  /** Bytes of a message's text, as UTF-8. */
  textBytes: 4096,
  /** Bytes of a sealed message: the longest text, escaped, with the names of all who get it and the signature. */
  sealedBytes: 32 * 1024,
  /** Ids of undelivered messages that one notice names. */
  noticeIds: 50,
  /** Bytes of a password: what one would type or keep in a file. Long enough to guess at, short enough to hash. */
  shortestPassword: 10,
  longestPassword: 1024,
  /** Accounts on one page of a list, and names that one request looks at. */
  page: 100,
  looked: 2_000,
} as const;
