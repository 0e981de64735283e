/**
 * Owns one replica of the coordinator. The collaborations' own chart (collaboration.ts) is played inside the replicated
 * state, not here.
 * Must never decide alone: a replica only proposes to the log, and all replicas apply it alike.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { hostRuns, stopsAt } from './vocabulary.ts';

export interface CoordinatorContext {
  readonly reason: ErrorReport | null;
}

export type CoordinatorEvent = { readonly type: 'boot' | 'drain' };

const STOPS = stopsAt('#coordinator.stopped');

const chart = setup({
  types: {
    context: {} as CoordinatorContext, // xstate reads these two for their types only
    events: {} as CoordinatorEvent,
  },
  actors: {
    catchUp: hostRuns<Record<string, never>>(),
    serveRequests: hostRuns<Record<string, never>>(),
    watchDeadlines: hostRuns<Record<string, never>>(),
    deliverNotices: hostRuns<Record<string, never>>(),
    drain: hostRuns<Record<string, never>>(),
  },
  actions: {
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    forgetReason: assign({ reason: null }),
  },
});

export const coordinatorMachine = chart.createMachine({
  id: 'coordinator',
  description:
    'A replica of the coordinator: it keeps who takes part in what, and sees ciphertext and digests only.',
  context: { reason: null },
  on: {
    boot: { target: '.init', reenter: true, actions: 'forgetReason' },
    drain: '.draining',
  },
  initial: 'init',
  states: {
    init: {
      description: 'The process has started and answers nobody yet.',
      initial: 'catchingUp',
      states: {
        catchingUp: {
          description: 'Applies the log from where its own store ends to where the log ends.',
          invoke: {
            id: 'catchUp',
            src: 'catchUp',
            input: {},
            onDone: '#coordinator.serving',
            onError: STOPS,
          },
        },
      },
    },
    serving: {
      description:
        'Appends what participants submit, answers once it has applied it, expires what is overdue, and tells endpoints.',
      invoke: [
        { id: 'serveRequests', src: 'serveRequests', input: {}, onError: STOPS },
        { id: 'watchDeadlines', src: 'watchDeadlines', input: {}, onError: STOPS },
        { id: 'deliverNotices', src: 'deliverNotices', input: {}, onError: STOPS },
      ],
    },
    draining: {
      description: 'Refuses new requests, answers those in hand and leaves the broker.',
      invoke: { id: 'drain', src: 'drain', input: {}, onDone: 'stopped', onError: STOPS },
    },
    stopped: {
      description: 'At rest until the process starts again; a reason is kept if it could not go on.',
    },
  },
});
