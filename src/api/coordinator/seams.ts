/**
 * Owns what the coordinator's face needs of the replica behind it. Composition fills it in; the face knows no bus and no log.
 */
import type { ErrorReport } from '../../base/errors.ts';
import type { Body } from '../../coordination/chapter.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import type { Descriptor } from '../../coordination/descriptor.ts';
import type { Reply } from '../../coordination/reply.ts';
import type { DirectoryService } from '../../directory/service.ts';
import type { Made } from '../../duties/queries.ts';
import type { PublicKey } from '../../identity/keys.ts';
import type { Program } from '../../programs/program.ts';
import type { Authenticate, Caller } from '../http/caller.ts';
import type { ElectionDesk } from './elections.ts';
import type { Told } from './told.ts';

/** A replica that has caught up with the log. */
export interface Replica {
  readonly deployment: string;
  readonly trust: Readonly<Record<string, PublicKey>>;
  /** The last entry of the log that was applied here. */
  readonly sequence: () => number;
  readonly collaboration: (id: string) => Collaboration | undefined;
  /** Sorted by id. */
  readonly collaborations: () => readonly Collaboration[];
  readonly authenticate: Authenticate;
  /** Accounts, sessions and mail. */
  readonly directory: DirectoryService;
  readonly elections: ElectionDesk | undefined;
  /** Says something for a caller, for whom the replica vouches. Answers when it was applied here, or is not known yet. */
  readonly say: (caller: Caller, body: Body, id: string) => Promise<Reply>;
  /** Why the log takes no entries now; undefined while it does. */
  readonly logFault: () => Promise<ErrorReport | undefined>;
}

export interface DescribeParts {
  readonly program: Program;
  readonly inputs: readonly { readonly party: string; readonly table: string; readonly maxRows: number }[];
  readonly outputs: readonly string[];
  /** Earlier results that are read, and what made them. */
  readonly sources: Descriptor['sources'];
  readonly made: Made;
  readonly minGroupSize: number;
  readonly roundTripMs: number;
  readonly minimum: Descriptor['minimum'];
  readonly reruns: number;
  readonly resultUses: number;
  readonly deadlineMs: number;
  /** 16 bytes. */
  readonly nonce: Uint8Array;
  readonly keys: Readonly<Record<string, PublicKey>>;
}

/** Compiles the program and builds the descriptor: the same for the same parts, at whichever replica. `by`: the account that asks. */
export type Describe = (
  parts: DescribeParts,
  by: string,
) => Promise<{ readonly descriptor: Descriptor; readonly disclosure: readonly string[] }>;

export interface SpecifyParts {
  readonly digest: string;
  readonly descriptor: Descriptor;
  readonly made: Made;
}

export type Specified = Told;

/** Compiles a descriptor's program. Throws what compiling throws: the descriptor was made by another version then. */
export type Specify = (parts: SpecifyParts, by: string) => Promise<Specified>;
