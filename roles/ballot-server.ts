/**
 * Owns the third server as a whole, which only holds elections: connected or not. Each election has its own chart (ballot-box.ts),
 * run beside this one.
 * Must never decide anything about an election: that is the box's, and the log's.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { hostRuns, stopsAt } from './vocabulary.ts';

export interface BallotServerContext {
  readonly reason: ErrorReport | null;
}

export type BallotServerEvent = { readonly type: 'boot' | 'drain' };

const STOPS = stopsAt('#ballotServer.stopped');

const chart = setup({
  types: {
    context: {} as BallotServerContext, // xstate reads these two for their types only
    events: {} as BallotServerEvent,
  },
  actors: {
    connect: hostRuns<Record<string, never>>(),
    drain: hostRuns<Record<string, never>>(),
  },
  actions: {
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    forgetReason: assign({ reason: null }),
  },
});

export const ballotServerMachine = chart.createMachine({
  id: 'ballotServer',
  description: 'The third server: it holds sealed fragments of ballots, and a third of every tally.',
  context: { reason: null },
  on: {
    boot: { target: '.init', reenter: true, actions: 'forgetReason' },
    drain: '.draining',
  },
  initial: 'init',
  states: {
    init: {
      description: 'Connects to the broker, proves its key and catches up with the log.',
      invoke: { id: 'connect', src: 'connect', input: {}, onDone: 'serving', onError: STOPS },
    },
    serving: {
      description: 'Elections are held, each in its own box.',
    },
    draining: {
      description: 'Takes no more ballots, and leaves the broker.',
      invoke: { id: 'drain', src: 'drain', input: {}, onDone: 'stopped', onError: STOPS },
    },
    stopped: {
      description: 'At rest until the process starts again; a reason is kept if it could not go on.',
    },
  },
});
