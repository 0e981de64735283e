/**
 * Owns one collaboration at one party's client: from its own rows to the result it is entitled to.
 * Must never let anything leave before the rows were checked at home, and never hold a row, a mask or a result.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import type { CommandBody } from '../src/coordination/bodies.ts';
import type { LifecycleStatus } from '../src/coordination/lifecycle.ts';
import {
  CANCELLED,
  EXPIRED,
  failCommand,
  hostDelivers,
  hostRuns,
  type LogEvent,
  reportFrom,
} from './vocabulary.ts';

export interface ParticipationInput {
  readonly collaboration: string;
  readonly attempt: number;
  /** Digest of the descriptor that this party has read: rows go to no other. */
  readonly descriptor: string;
  /** The party's name (`acme`); its address is `party-acme`. */
  readonly party: string;
  readonly isInput: boolean;
  readonly isOutput: boolean;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
}

export interface ParticipationContext extends ParticipationInput {
  /** Digest of the masked rows; null until they are masked. */
  readonly rows: string | null;
  /** The log holds this party's own approval. */
  readonly approved: boolean;
  /** The log holds that this party uploaded. */
  readonly uploaded: boolean;
  /** The collaboration's status as last told by the log. */
  readonly status: LifecycleStatus | null;
  readonly reason: ErrorReport | null;
}

export type ParticipationEvent = LogEvent<Exclude<CommandBody['kind'], 'create'>>;

interface Job {
  readonly collaboration: string;
  readonly attempt: number;
  readonly descriptor: string;
  readonly party: string;
  readonly deadlineMs: number;
}
type Args = { readonly context: ParticipationContext };
type ErrorArgs = { readonly event: { readonly error: unknown } };
const job = ({ context: { collaboration, attempt, descriptor, party, deadlineMs } }: Args): Job => ({
  collaboration,
  attempt,
  descriptor,
  party,
  deadlineMs,
});
const recordError = {
  type: 'recordReason',
  params: ({ event }: ErrorArgs) => ({ reason: reportFrom(event.error) }),
} as const;
/** An effect's error ends the participation and tells everyone why. */
const FAILS = {
  target: '#participation.failed',
  actions: [
    recordError,
    { type: 'submit', params: ({ context }: Args) => failCommand(context, context.reason) },
  ],
} as const;

const chart = setup({
  types: {
    context: {} as ParticipationContext, // xstate reads these three for their types only
    events: {} as ParticipationEvent,
    input: {} as ParticipationInput,
  },
  actors: {
    prepareRows: hostRuns<Job>(),
    fetchMasks: hostRuns<Job>(),
    maskRows: hostRuns<Job, { rows: string }>(),
    uploadRows: hostRuns<Job & { rows: string | null }>(),
    fetchAndCombine: hostRuns<Job>(),
  },
  guards: {
    bringsRows: ({ context }) => context.isInput,
    approvedAndBringsRows: ({ context }) => context.approved && context.isInput,
    approved: ({ context }) => context.approved,
    finishedAndReceives: ({ context }) => context.status === 'finished' && context.isOutput,
    finished: ({ context }) => context.status === 'finished',
    isOwn: ({ context, event }) => event.author === `party-${context.party}`,
    isOwnAndReceives: ({ context, event }) => event.author === `party-${context.party}` && context.isOutput,
    isLeftOut: ({ context }) => context.isInput && !context.uploaded,
    isLeftOutAndReceives: ({ context }) => context.isInput && !context.uploaded && context.isOutput,
    thatEndedIt: ({ event }) => event.status === 'failed',
  },
  actions: {
    recordApproval: assign({ approved: true }),
    recordUpload: assign({ uploaded: true }),
    recordStatus: assign({ status: ({ context, event }) => event.status ?? context.status }),
    recordRows: assign({ rows: (_, params: { rows: string }) => params.rows }),
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    submit: hostDelivers<CommandBody>(),
    shred: hostDelivers<{ collaboration: string; attempt: number }>(),
  },
});

const shred = {
  type: 'shred',
  params: ({ context: { collaboration, attempt } }: Args) => ({ collaboration, attempt }),
} as const;
/** A command that made the collaboration fail: servers that disagree, or too few parties left. */
const ENDED_BY_LOG = {
  guard: 'thatEndedIt',
  target: '.failed',
  actions: [
    'recordStatus',
    {
      type: 'recordReason',
      params: ({ event }: { event: { ended?: unknown } }) => ({ reason: reportFrom(event.ended) }),
    },
  ],
} as const;

export const participationMachine = chart.createMachine({
  id: 'participation',
  description: 'One collaboration at one party.',
  context: ({ input }) => ({
    ...input,
    rows: null,
    approved: false,
    uploaded: false,
    status: null,
    reason: null,
  }),
  on: {
    'log.approve': [
      { guard: 'isOwn', actions: ['recordStatus', 'recordApproval'] },
      { actions: 'recordStatus' },
    ],
    'log.uploaded': [
      { guard: 'isOwn', actions: ['recordStatus', 'recordUpload'] },
      { actions: 'recordStatus' },
    ],
    'log.withdraw': [
      ENDED_BY_LOG,
      { guard: 'isOwnAndReceives', target: '.waitingForResult', actions: 'recordStatus' },
      { guard: 'isOwn', target: '.withdrawn' },
      { actions: 'recordStatus' },
    ],
    'log.close': [
      ENDED_BY_LOG,
      { guard: 'isLeftOutAndReceives', target: '.waitingForResult', actions: 'recordStatus' },
      { guard: 'isLeftOut', target: '.leftOut' },
      { actions: 'recordStatus' },
    ],
    'log.fail': {
      target: '.failed',
      actions: { type: 'recordReason', params: ({ event }) => ({ reason: reportFrom(event.reason) }) },
    },
    'log.expire': { target: '.expired', actions: { type: 'recordReason', params: { reason: EXPIRED } } },
    'log.cancel': { target: '.cancelled', actions: { type: 'recordReason', params: { reason: CANCELLED } } },
    'log.*': [ENDED_BY_LOG, { actions: 'recordStatus' }],
  },
  initial: 'init',
  states: {
    init: {
      description: 'At home: nothing has left yet.',
      initial: 'choosing',
      states: {
        choosing: {
          description: 'A party that brings rows checks them first.',
          always: [{ guard: 'bringsRows', target: 'checkingRows' }, { target: '#participation.registering' }],
        },
        checkingRows: {
          description: "The party's file is read and every row checked against the descriptor's tables.",
          invoke: {
            id: 'prepareRows',
            src: 'prepareRows',
            input: job,
            onDone: '#participation.registering',
            onError: { target: '#participation.refused', actions: recordError },
          },
        },
      },
    },
    registering: {
      description: "Says that it agrees to this descriptor's digest, and waits to see that in the log.",
      entry: {
        type: 'submit',
        params: ({ context }) => ({
          kind: 'approve',
          collaboration: context.collaboration,
          attempt: context.attempt,
          descriptor: context.descriptor,
        }),
      },
      always: [
        { guard: 'approvedAndBringsRows', target: 'waitingForMasks' },
        { guard: 'approved', target: 'waitingForResult' },
      ],
    },
    waitingForMasks: {
      description:
        "Waits for randomness: the servers give their parts of the masks once the dealer's tapes are there.",
      invoke: { id: 'fetchMasks', src: 'fetchMasks', input: job, onDone: 'masking', onError: FAILS },
    },
    masking: {
      description: 'Adds the masks to the rows: from here on only masked rows exist outside the file.',
      invoke: {
        id: 'maskRows',
        src: 'maskRows',
        input: job,
        onDone: {
          target: 'uploading',
          actions: { type: 'recordRows', params: ({ event }) => ({ rows: event.output.rows }) },
        },
        onError: FAILS,
      },
    },
    uploading: {
      description: 'Hands the same masked rows to both servers.',
      invoke: {
        id: 'uploadRows',
        src: 'uploadRows',
        input: (args) => ({ ...job(args), rows: args.context.rows }),
        onDone: {
          target: 'waitingForResult',
          actions: {
            type: 'submit',
            params: ({ context }) => ({
              kind: 'uploaded',
              collaboration: context.collaboration,
              attempt: context.attempt,
              rows: context.rows ?? '',
            }),
          },
        },
        onError: FAILS,
      },
    },
    waitingForResult: {
      description: 'Nothing to do until both servers say in the log that they hold the result.',
      always: [
        { guard: 'finishedAndReceives', target: 'combining' },
        { guard: 'finished', target: 'done' },
      ],
    },
    combining: {
      description: "Fetches both servers' shares and adds them: only this client sees the result.",
      invoke: {
        id: 'fetchAndCombine',
        src: 'fetchAndCombine',
        input: job,
        onDone: {
          target: 'done',
          actions: {
            type: 'submit',
            params: ({ context: { collaboration, attempt } }) => ({
              kind: 'received',
              collaboration,
              attempt,
            }),
          },
        },
        onError: FAILS,
      },
    },
    done: { type: 'final', description: 'Its part is done; masks are destroyed.', entry: shred },
    refused: { type: 'final', description: 'The rows do not fit the descriptor: nothing was sent.' },
    failed: {
      type: 'final',
      description: 'A participant could not go on; masks are destroyed.',
      entry: shred,
    },
    withdrawn: {
      type: 'final',
      description: 'The party took its part back before the start; masks are destroyed.',
      entry: shred,
    },
    leftOut: {
      type: 'final',
      description: 'The others started without this party; masks are destroyed.',
      entry: shred,
    },
    expired: { type: 'final', description: 'The deadline passed; masks are destroyed.', entry: shred },
    cancelled: { type: 'final', description: 'The creator took it back; masks are destroyed.', entry: shred },
  },
});
