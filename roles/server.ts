/**
 * Owns a compute server as a whole: connected or not, with or without the other server. Each collaboration has its own
 * chart (session.ts), run beside this one.
 * Must never decide anything about a collaboration: that is the session's, and the log's.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { hostRuns, stopsAt } from './vocabulary.ts';

export interface ServerInput {
  readonly server: 'server-a' | 'server-b';
}

export interface ServerContext extends ServerInput {
  readonly reason: ErrorReport | null;
}

export type ServerEvent = { readonly type: 'boot' | 'drain' | 'peer.present' | 'peer.lost' };

const STOPS = stopsAt('#server.stopped');

const WATCH_PEER = {
  id: 'watchPeer',
  src: 'watchPeer',
  input: ({ context }: { context: ServerContext }) => ({
    server: context.server,
    peer: context.server === 'server-a' ? 'server-b' : 'server-a',
  }),
  onError: STOPS,
} as const;

const chart = setup({
  types: {
    context: {} as ServerContext, // xstate reads these three for their types only
    events: {} as ServerEvent,
    input: {} as ServerInput,
  },
  actors: {
    connect: hostRuns<Record<string, never>>(),
    watchPeer: hostRuns<{ server: string; peer: string }>(),
    drain: hostRuns<Record<string, never>>(),
  },
  actions: {
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    forgetReason: assign({ reason: null }),
  },
});

export const serverMachine = chart.createMachine({
  id: 'server',
  description: 'A compute server: it holds masked values and shares of masks, never an input or a result.',
  meta: { ignores: ['peer.present', 'peer.lost'] },
  context: ({ input }) => ({ server: input.server, reason: null }),
  on: {
    boot: { target: '.init', reenter: true, actions: 'forgetReason' },
    drain: '.draining',
  },
  initial: 'init',
  states: {
    init: {
      description: 'The process has started and does not serve yet.',
      initial: 'connecting',
      states: {
        connecting: {
          description: 'Connects to the broker, proves its key and catches up with the log.',
          invoke: { id: 'connect', src: 'connect', input: {}, onDone: 'waitingForPeer', onError: STOPS },
        },
        waitingForPeer: {
          description: 'Connected; the other server has not been heard of since the start.',
          invoke: WATCH_PEER,
          on: { 'peer.present': '#server.serving' },
        },
      },
    },
    serving: {
      description: 'Collaborations run, each in its own session.',
      invoke: WATCH_PEER,
      initial: 'withPeer',
      states: {
        withPeer: {
          description: 'The other server answers.',
          on: { 'peer.lost': 'withoutPeer' },
        },
        withoutPeer: {
          description: 'The other server is silent: tapes and inputs still come in, computing waits.',
          on: { 'peer.present': 'withPeer' },
        },
      },
    },
    draining: {
      description: 'Takes nothing new, tells its channels their place, and leaves the broker.',
      invoke: { id: 'drain', src: 'drain', input: {}, onDone: 'stopped', onError: STOPS },
    },
    stopped: {
      description: 'At rest until the process starts again; a reason is kept if it could not go on.',
    },
  },
});
