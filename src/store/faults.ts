/**
 * Owns what SQLite's faults mean to the people who run a role: each with a remedy.
 * Must never hide a fault: an unknown one keeps SQLite's own words.
 */
import { EXIT, type ExitCode, MpcError } from '../base/errors.ts';

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: ExitCode;
}

const LOCKED: Fault = {
  code: 'store.locked',
  message: 'another process holds this store',
  hint: 'stop the other role that runs on this store, or give this one a store of its own',
  exitCode: EXIT.temporary,
};
const CORRUPT: Fault = {
  code: 'store.corrupt',
  message: 'the store is damaged',
  hint: 'stop the role, keep the file, check the disk, and restore the newest backup',
  exitCode: EXIT.ioError,
};
const NO_ACCESS: Fault = {
  code: 'store.no-access',
  message: 'the store cannot be opened or written',
  hint: "check that the directory exists, and its owner and permissions: the role's user must be able to write there",
  exitCode: EXIT.noPermission,
};

const FAULTS: Readonly<Record<string, Fault>> = {
  SQLITE_BUSY: LOCKED,
  SQLITE_LOCKED: LOCKED,
  SQLITE_CORRUPT: CORRUPT,
  SQLITE_NOTADB: CORRUPT,
  SQLITE_CANTOPEN: NO_ACCESS,
  SQLITE_READONLY: NO_ACCESS,
  SQLITE_PERM: NO_ACCESS,
  SQLITE_AUTH: NO_ACCESS,
  SQLITE_FULL: {
    code: 'store.full',
    message: 'the disk under the store is full; nothing was half written',
    hint: 'free space on that disk: the role goes on from its last commit',
    exitCode: EXIT.ioError,
  },
  SQLITE_IOERR: {
    code: 'store.io',
    message: 'the disk under the store failed to read or write',
    hint: 'check the disk and the file system, then start the role again',
    exitCode: EXIT.ioError,
  },
};

/** The typed error for one of SQLite's; anything else is returned as it is. */
export function storeFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const fault = FAULTS[error.code];
  if (fault === undefined)
    return new MpcError('store.failed', `the store refused a statement: ${error.message}`, {
      place: { file: path },
      exitCode: EXIT.software,
    });
  return new MpcError(fault.code, fault.message, {
    hint: fault.hint,
    place: { file: path },
    exitCode: fault.exitCode,
  });
}
