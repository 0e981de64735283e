/**
 * Owns a party's client as a whole. Each collaboration it takes part in has its own chart (participation.ts).
 * Must never hold a row: rows are read, checked and masked by effects, at home.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { hostRuns, stopsAt } from './vocabulary.ts';

export interface ClientContext {
  readonly reason: ErrorReport | null;
}

export type ClientEvent = { readonly type: 'boot' | 'drain' };

const STOPS = stopsAt('#client.stopped');

const chart = setup({
  types: {
    context: {} as ClientContext, // xstate reads these two for their types only
    events: {} as ClientEvent,
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

export const clientMachine = chart.createMachine({
  id: 'client',
  description:
    "A party's client: the only place that sees the party's rows and the results it is entitled to.",
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
    serving: { description: 'Takes part in collaborations, each in its own chart.' },
    draining: {
      description: 'Takes part in nothing new and leaves the broker.',
      invoke: { id: 'drain', src: 'drain', input: {}, onDone: 'stopped', onError: STOPS },
    },
    stopped: {
      description: 'At rest until the process starts again; a reason is kept if it could not go on.',
    },
  },
});
