/**
 * Owns the dealer: which collaborations still need their correlated randomness, and whose turn it is.
 * Must never deal one job twice: a job whose tapes were made keeps them until both servers have them or it ends.
 * Tapes and seeds are files that effects find by the collaboration's id; both are destroyed when a job leaves.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import type { CommandBody } from '../src/coordination/bodies.ts';
import { failCommand, hostDelivers, hostRuns, reportFrom, stopsAt } from './vocabulary.ts';

export interface DealerJob {
  readonly collaboration: string;
  /** Digest of the descriptor. */
  readonly descriptor: string;
  readonly attempt: number;
}

interface QueuedJob extends DealerJob {
  /** Its tapes are made and on disk. */
  readonly dealt: boolean;
  /** Servers that said in the log that they hold their tape. */
  readonly ready: readonly string[];
}

export interface DealerContext {
  /** The first job is the one in hand while dealing or delivering. */
  readonly queue: readonly QueuedJob[];
  readonly reason: ErrorReport | null;
}

export type DealerEvent =
  | ({ readonly type: 'log.create' | 'log.rerun'; readonly author: string } & DealerJob)
  | {
      readonly type: 'log.randomnessReady';
      readonly author: string;
      readonly collaboration: string;
      readonly attempt: number;
    }
  | { readonly type: 'log.fail' | 'log.expire' | 'log.cancel'; readonly collaboration: string }
  | { readonly type: 'boot' | 'drain' };

type Args = { readonly context: DealerContext };
type ErrorArgs = { readonly event: { readonly error: unknown } };
const jobInHand = ({ context }: Args): DealerJob => {
  const { collaboration = '', descriptor = '', attempt = 0 } = context.queue[0] ?? {};
  return { collaboration, descriptor, attempt };
};
const startsAnAttempt = (
  event: DealerEvent,
): event is Extract<DealerEvent, DealerJob & { readonly descriptor: string }> =>
  event.type === 'log.create' || event.type === 'log.rerun';
/** Place in the queue of the job that an event is about; -1 if there is none. */
const jobOf = ({ queue }: DealerContext, event: DealerEvent): number =>
  'collaboration' in event ? queue.findIndex((job) => job.collaboration === event.collaboration) : -1;
/** The servers of that job that hold their tape, with the one the event tells of. */
const readyAfter = (context: DealerContext, event: DealerEvent): readonly string[] => {
  const job = context.queue[jobOf(context, event)];
  if (job === undefined) return [];
  return event.type === 'log.randomnessReady' && event.attempt === job.attempt
    ? [...new Set([...job.ready, event.author])].sort()
    : job.ready;
};
const itself = ({ collaboration, attempt }: DealerJob) => ({ collaboration, attempt });
/** Tapes and seeds of a job that is over. */
const shredTheirs = {
  type: 'shred',
  params: ({ context, event }: Args & { event: DealerEvent }) =>
    itself(context.queue[jobOf(context, event)] ?? jobInHand({ context })),
} as const;
const REFUSED = [
  {
    type: 'submit',
    params: ({ context, event }: Args & ErrorArgs) =>
      failCommand(jobInHand({ context }), reportFrom(event.error)),
  },
  { type: 'shred', params: (args: Args) => itself(jobInHand(args)) },
  'dropJobInHand',
] as const;
const STOPS = stopsAt('#dealer.stopped');
const leaves = { actions: [shredTheirs, 'dropJob'] } as const;
/** What the log says of a job that only waits. */
const OF_A_QUEUED_JOB = {
  'log.randomnessReady': [
    { guard: 'bothServersOfTheJobAreReady', ...leaves },
    { guard: 'concernsAJob', actions: 'recordReady' },
  ],
  'log.fail': { guard: 'concernsAJob', ...leaves },
  'log.expire': { guard: 'concernsAJob', ...leaves },
  'log.cancel': { guard: 'concernsAJob', ...leaves },
} as const;
/** The same of the job in hand: its effect is stopped. */
const OF_THE_JOB_IN_HAND = {
  'log.randomnessReady': { guard: 'bothServersOfTheJobInHandAreReady', target: '#dealer.idle', ...leaves },
  'log.fail': { guard: 'concernsTheJobInHand', target: '#dealer.idle', ...leaves },
  'log.expire': { guard: 'concernsTheJobInHand', target: '#dealer.idle', ...leaves },
  'log.cancel': { guard: 'concernsTheJobInHand', target: '#dealer.idle', ...leaves },
} as const;

const chart = setup({
  types: {
    context: {} as DealerContext, // xstate reads these two for their types only
    events: {} as DealerEvent,
  },
  actors: {
    connect: hostRuns<Record<string, never>>(),
    dealTape: hostRuns<DealerJob>(),
    deliverTapes: hostRuns<DealerJob>(),
    drain: hostRuns<Record<string, never>>(),
  },
  guards: {
    isNewJob: ({ context, event }) => startsAnAttempt(event) && jobOf(context, event) < 0,
    concernsAJob: ({ context, event }) => jobOf(context, event) >= 0,
    concernsTheJobInHand: ({ context, event }) => jobOf(context, event) === 0,
    bothServersOfTheJobAreReady: ({ context, event }) => readyAfter(context, event).length === 2,
    bothServersOfTheJobInHandAreReady: ({ context, event }) =>
      jobOf(context, event) === 0 && readyAfter(context, event).length === 2,
    nextJobIsDealt: ({ context }) => context.queue[0]?.dealt === true,
    aJobWaits: ({ context }) => context.queue.length > 0,
    aServerIsAway: (_, params: { error: unknown }) => /(^|\.)peer-away$/.test(reportFrom(params.error).code),
  },
  actions: {
    enqueue: assign({
      queue: ({ context, event }) => {
        if (!startsAnAttempt(event)) return context.queue;
        const { collaboration, descriptor, attempt } = event;
        return [...context.queue, { collaboration, descriptor, attempt, dealt: false, ready: [] }];
      },
    }),
    recordReady: assign({
      queue: ({ context, event }) =>
        context.queue.map((job, place) =>
          place === jobOf(context, event) ? { ...job, ready: readyAfter(context, event) } : job,
        ),
    }),
    markDealt: assign({
      queue: ({ context }) =>
        context.queue.map((job, place) => (place === 0 ? { ...job, dealt: true } : job)),
    }),
    moveJobToTheBack: assign({
      queue: ({ context }) => [...context.queue.slice(1), ...context.queue.slice(0, 1)],
    }),
    dropJobInHand: assign({ queue: ({ context }) => context.queue.slice(1) }),
    dropJob: assign({
      queue: ({ context, event }) =>
        'collaboration' in event
          ? context.queue.filter(({ collaboration }) => collaboration !== event.collaboration)
          : context.queue,
    }),
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    forgetReason: assign({ reason: null }),
    submit: hostDelivers<CommandBody>(),
    shred: hostDelivers<{ collaboration: string; attempt: number }>(),
  },
});

export const dealerMachine = chart.createMachine({
  id: 'dealer',
  description:
    'Makes the correlated randomness of each collaboration, delivers it to both servers, and forgets it.',
  meta: {
    ignores: ['log.create', 'log.rerun', 'log.randomnessReady', 'log.fail', 'log.expire', 'log.cancel'],
  },
  context: { queue: [], reason: null },
  on: {
    boot: { target: '.init', actions: 'forgetReason' },
    drain: '.draining',
    'log.create': { guard: 'isNewJob', actions: 'enqueue' },
    'log.rerun': { guard: 'isNewJob', actions: 'enqueue' },
    ...OF_A_QUEUED_JOB,
  },
  initial: 'init',
  states: {
    init: {
      description: 'Connects to the broker and catches up with the log.',
      invoke: { id: 'connect', src: 'connect', input: {}, onDone: 'idle', onError: STOPS },
    },
    idle: {
      description: 'No job waits; the dealer may be switched off.',
      always: [
        { guard: 'nextJobIsDealt', target: 'delivering' },
        { guard: 'aJobWaits', target: 'dealing' },
      ],
    },
    dealing: {
      description: 'Plays the plan of the job in hand on masks and writes both tapes.',
      invoke: {
        id: 'dealTape',
        src: 'dealTape',
        input: jobInHand,
        onDone: { target: 'delivering', actions: 'markDealt' },
        onError: { target: 'idle', actions: REFUSED },
      },
      on: OF_THE_JOB_IN_HAND,
    },
    delivering: {
      description: 'Ships each server its tape; a server that is away puts the job at the back of the queue.',
      invoke: {
        id: 'deliverTapes',
        src: 'deliverTapes',
        input: jobInHand,
        onDone: {
          target: 'idle',
          actions: [{ type: 'shred', params: (args) => itself(jobInHand(args)) }, 'dropJobInHand'],
        },
        onError: [
          {
            guard: { type: 'aServerIsAway', params: ({ event }) => ({ error: event.error }) },
            target: 'idle',
            actions: 'moveJobToTheBack',
          },
          { target: 'idle', actions: REFUSED },
        ],
      },
      on: OF_THE_JOB_IN_HAND,
    },
    draining: {
      description: 'Takes no new job in hand and leaves the broker; the queue is kept for the next start.',
      invoke: { id: 'drain', src: 'drain', input: {}, onDone: 'stopped', onError: STOPS },
    },
    stopped: {
      description: 'At rest until the process starts again; a reason is kept if it could not go on.',
    },
  },
});
