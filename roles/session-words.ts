/**
 * Owns the words of the session's chart: its context, its events, and its guards and actions as domain facts.
 * Must never hold more than ids, digests and counts: tape, masked rows and shares are files that effects find by id.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { bindingDigest } from '../src/coordination/binding.ts';
import type { CommandBody } from '../src/coordination/bodies.ts';
import { failCommand, hostDelivers, hostRuns, type LogEvent, reportFrom } from './vocabulary.ts';

export interface SessionInput {
  readonly collaboration: string;
  /** Digest of the descriptor. */
  readonly descriptor: string;
  readonly attempt: number;
  readonly server: 'server-a' | 'server-b';
  /** Names of the output parties, sorted. */
  readonly outputs: readonly string[];
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
}

type Digests = Readonly<Record<string, string>>;

export interface SessionContext extends SessionInput {
  /** Name of the tape that is here, whole and durable; null until then. */
  readonly tape: string | null;
  /** Digest of the masked rows this server holds, by party; null until all that it computes on are here. */
  readonly rows: Digests | null;
  /** Digest of each earlier result that is read, as this server holds it. */
  readonly sources: Digests;
  /** Digest of the masked rows each party says it uploaded. */
  readonly uploads: Digests;
  /** What this server ties its tape to, and what each server said in the log. */
  readonly binding: string | null;
  readonly bindings: Digests;
  /** Digest of the masked results here, and what each server said in the log. */
  readonly result: string | null;
  readonly results: Digests;
  /** Output parties that combined their result. */
  readonly received: readonly string[];
  readonly round: number;
  readonly rounds: number;
  readonly reason: ErrorReport | null;
}

export type SessionEvent =
  | LogEvent<
      'uploaded' | 'withdraw' | 'close' | 'bound' | 'resultStored' | 'received' | 'fail' | 'expire' | 'cancel'
    >
  | { readonly type: 'peer.present' | 'peer.lost' | 'peer.back' }
  | { readonly type: 'progress'; readonly round: number; readonly rounds: number };

/** What every effect is told; each finds the rest in its own store. */
interface Job {
  readonly collaboration: string;
  readonly descriptor: string;
  readonly attempt: number;
  readonly deadlineMs: number;
}
type Args = { readonly context: SessionContext };
export const job = ({ context }: Args): Job => ({
  collaboration: context.collaboration,
  descriptor: context.descriptor,
  attempt: context.attempt,
  deadlineMs: context.deadlineMs,
});

export const peerOf = (context: SessionContext) => (context.server === 'server-a' ? 'server-b' : 'server-a');
const differs = (said: string | undefined, own: string | null): boolean => said !== undefined && said !== own;
export const failure = (code: string, message: string, hint: string): { reason: ErrorReport } => ({
  reason: { code: `session.${code}`, message, hint },
});
export const OLDER_BACKUP = failure(
  'restored',
  "this server's store was restored from an older backup: the log holds another statement of its own",
  'restore the newest backup, or create a new collaboration: its tape must not be used twice',
);

/** A command that made the collaboration fail ends the session with the log's reason. */
export const ENDED_BY_LOG = {
  guard: 'thatEndedIt',
  target: '.failed',
  actions: {
    type: 'recordReason',
    params: ({ event }: { event: { ended?: unknown } }) => ({ reason: reportFrom(event.ended) }),
  },
} as const;

const submitFailure = {
  type: 'submit',
  params: ({ context }: Args) => failCommand(context, context.reason),
} as const;
/** Any effect's error ends the session here and tells everyone. */
export const FAILS = {
  target: '#session.failed',
  actions: [
    {
      type: 'recordReason',
      params: ({ event }: { event: { error: unknown } }) => ({ reason: reportFrom(event.error) }),
    },
    submitFailure,
  ],
} as const;
export const failsBecause = (params: { reason: ErrorReport }) =>
  ({ target: '#session.failed', actions: [{ type: 'recordReason', params }, submitFailure] }) as const;

export const chart = setup({
  types: {
    context: {} as SessionContext, // xstate reads these three for their types only
    events: {} as SessionEvent,
    input: {} as SessionInput,
  },
  actors: {
    checkDescriptor: hostRuns<Job>(),
    receiveTape: hostRuns<Job, { tape: string }>(),
    collectInputs: hostRuns<Job, { rows: { party: string; digest: string }[]; sources: Digests }>(),
    watchPeer: hostRuns<{ server: string; peer: string }>(),
    compute: hostRuns<Job & { binding: string | null }>(),
    storeResult: hostRuns<Job, { outputs: string }>(),
    serveResults: hostRuns<Job & { outputs: readonly string[] }>(),
    awaitDeadline: hostRuns<{ deadlineMs: number }>(),
  },
  guards: {
    thatEndedIt: ({ event }) => 'status' in event && event.status === 'failed',
    rowsDifferFromWhatAPartyUploaded: ({ context }) =>
      Object.entries(context.uploads).some(([party, digest]) =>
        differs(digest, context.rows?.[party] ?? null),
      ),
    everyPartyConfirmedItsRows: ({ context }) => inputsAgreed(context),
    tapeAndInputsAreThere: ({ context }) => context.tape !== null && inputsAgreed(context),
    ownBindingDiffers: ({ context }) => differs(context.bindings[context.server], context.binding),
    peerBindingDiffers: ({ context }) => differs(context.bindings[peerOf(context)], context.binding),
    bothServersBoundTheSame: ({ context }) =>
      context.bindings[context.server] === context.binding &&
      context.bindings[peerOf(context)] === context.binding,
    ownResultDiffers: ({ context }) => differs(context.results[context.server], context.result),
    peerResultDiffers: ({ context }) => differs(context.results[peerOf(context)], context.result),
    peerStoredTheSameResult: ({ context }) => context.results[peerOf(context)] === context.result,
    everyOutputPartyReceived: ({ context }) =>
      context.outputs.every((party) => context.received.includes(party)),
  },
  actions: {
    recordTape: assign({ tape: (_, params: { tape: string }) => params.tape }),
    recordRows: assign((_, { rows, sources }: { rows: Digests; sources: Digests }) => ({ rows, sources })),
    recordUpload: assign({
      uploads: ({ context, event }) =>
        event.type === 'log.uploaded'
          ? { ...context.uploads, [partyOf(event.author)]: event.rows }
          : context.uploads,
    }),
    forgetUpload: assign({
      uploads: ({ context, event }) =>
        event.type === 'log.withdraw'
          ? Object.fromEntries(
              Object.entries(context.uploads).filter(([party]) => party !== partyOf(event.author)),
            )
          : context.uploads,
    }),
    recordBindingFromLog: assign({
      bindings: ({ context, event }) =>
        event.type === 'log.bound'
          ? { ...context.bindings, [event.author]: event.binding }
          : context.bindings,
    }),
    recordResultFromLog: assign({
      results: ({ context, event }) =>
        event.type === 'log.resultStored'
          ? { ...context.results, [event.author]: event.outputs }
          : context.results,
    }),
    recordReceipt: assign({
      received: ({ context, event }) =>
        event.type === 'log.received'
          ? [...new Set([...context.received, partyOf(event.author)])].sort()
          : context.received,
    }),
    bindTapeToInputs: assign({
      binding: ({ context }) =>
        bindingDigest({
          descriptor: context.descriptor,
          attempt: context.attempt,
          tape: context.tape ?? '',
          rows: { ...context.rows, ...context.sources },
        }),
    }),
    recordResult: assign({ result: (_, params: { outputs: string }) => params.outputs }),
    recordProgress: assign({
      round: ({ context, event }) => (event.type === 'progress' ? event.round : context.round),
      rounds: ({ context, event }) => (event.type === 'progress' ? event.rounds : context.rounds),
    }),
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    submit: hostDelivers<CommandBody>(),
    shred: hostDelivers<{ collaboration: string; attempt: number }>(),
  },
});

export const shred = {
  type: 'shred',
  params: ({ context: { collaboration, attempt } }: Args) => ({ collaboration, attempt }),
} as const;

/** The rows here are those that their parties uploaded, and no others were. */
function inputsAgreed({ rows, uploads }: SessionContext): boolean {
  const parties = [...Object.keys(uploads), ...Object.keys(rows ?? {})];
  return (
    rows !== null && parties.every((party) => uploads[party] !== undefined && uploads[party] === rows[party])
  );
}

export function byParty(rows: readonly { party: string; digest: string }[]): Digests {
  return Object.fromEntries(rows.map(({ party, digest }) => [party, digest]));
}

function partyOf(author: string): string {
  return author.replace(/^party-/, '');
}
