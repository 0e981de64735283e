/**
 * Owns one election at one of its three servers: from its keys to its share of the tally, and to destroying the keys.
 * Must never tally before the log says that all three servers signed one root: that is the log's word, not this chart's.
 *
 * The log leads: whatever this server was doing, it goes where the log says that the election is. Ballots pass no chart.
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { ballotBoxFailure, hostDelivers, hostRuns, reportFrom } from './vocabulary.ts';

export interface BallotBoxInput {
  readonly election: string;
  readonly server: string;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
}

export interface BallotBoxContext extends BallotBoxInput {
  /** The other servers that do not answer, sorted. */
  readonly away: readonly string[];
  readonly reason: ErrorReport | null;
}

export type BallotBoxEvent =
  | {
      readonly type:
        | 'log.serversReady'
        | 'log.prepared'
        | 'log.opened'
        | 'log.closed'
        | 'log.frozen'
        | 'log.rootAgreed'
        | 'log.published'
        | 'log.cancelled'
        | 'log.disputed';
    }
  | { readonly type: 'peer.present' | 'peer.away'; readonly peer: string };

type Args = { readonly context: BallotBoxContext };
interface Job {
  readonly election: string;
}
const job = ({ context }: Args): Job => ({ election: context.election });

const FAILS = {
  target: '#ballotBox.failed',
  actions: [
    {
      type: 'recordReason',
      params: ({ event }: { event: { error: unknown } }) => ({ reason: reportFrom(event.error) }),
    },
    {
      type: 'submit',
      params: ({ context }: Args) => ballotBoxFailure(context.election, context.reason),
    },
  ],
} as const;

const chart = setup({
  types: {
    context: {} as BallotBoxContext, // xstate reads these three for their types only
    events: {} as BallotBoxEvent,
    input: {} as BallotBoxInput,
  },
  actors: {
    makeKeys: hostRuns<Job, { sealingKey: string; signature: string }>(),
    makeKeyShare: hostRuns<Job, { commitment: string; sealed: Record<string, string> }>(),
    keepBox: hostRuns<Job>(),
    closeWhenDue: hostRuns<Job & { deadlineMs: number }>(),
    flushBox: hostRuns<Job>(),
    sealBox: hostRuns<Job, { root: string; counted: number; rejected: number; history: string }>(),
    tallyBox: hostRuns<Job, { root: string; fragment: string }>(),
  },
  actions: {
    submit: hostDelivers<object>(),
    destroyKeys: hostDelivers<Job>(),
    recordReason: assign({ reason: (_, params: { reason: ErrorReport }) => params.reason }),
    notePeer: assign({
      away: ({ context, event }) =>
        event.type === 'peer.away'
          ? [...new Set([...context.away, event.peer])].sort()
          : event.type === 'peer.present'
            ? context.away.filter((peer) => peer !== event.peer)
            : context.away,
    }),
  },
  guards: {
    aServerIsAway: ({ context }) => context.away.length > 0,
    everyServerIsPresent: ({ context }) => context.away.length === 0,
  },
});

const ENDS = { type: 'destroyKeys', params: job } as const;

export const ballotBoxMachine = chart.createMachine({
  id: 'ballotBox',
  description: 'One election at one of its three servers.',
  meta: {
    ignores: ['log.serversReady', 'log.prepared', 'peer.present', 'peer.away'],
  },
  context: ({ input }) => ({ ...input, away: [], reason: null }),
  on: {
    'log.opened': '.atWork',
    'log.published': '.published',
    'log.cancelled': '.cancelled',
    'log.disputed': '.disputed',
  },
  initial: 'waitingForKeys',
  states: {
    waitingForKeys: {
      description:
        'The three servers make the keys of this election, each its part; the registrar opens it then.',
      initial: 'making',
      states: {
        making: {
          description: 'Makes the key that ballots are sealed to for this server, and keeps it on the disk.',
          invoke: {
            id: 'makeKeys',
            src: 'makeKeys',
            input: job,
            onDone: {
              target: 'waitingForServers',
              actions: {
                type: 'submit',
                params: ({ context, event }) => ({
                  kind: 'election.ready',
                  election: context.election,
                  ...event.output,
                }),
              },
            },
            onError: FAILS,
          },
        },
        waitingForServers: {
          description: 'The sealing key of another server is not in the log yet.',
          on: { 'log.serversReady': 'sharing' },
        },
        sharing: {
          description: 'Seals its part of the key that proofs are checked under to the other two.',
          invoke: {
            id: 'makeKeyShare',
            src: 'makeKeyShare',
            input: job,
            onDone: {
              target: 'waitingForParts',
              actions: {
                type: 'submit',
                params: ({ context, event }) => ({
                  kind: 'election.keyed',
                  election: context.election,
                  ...event.output,
                }),
              },
            },
            onError: FAILS,
          },
        },
        waitingForParts: {
          description: 'Another server has not given its part of the key yet.',
          on: { 'log.prepared': 'waitingForTheRegistrar' },
        },
        waitingForTheRegistrar: {
          description: 'Every key is there; the registrar has not opened the election yet.',
        },
      },
    },
    atWork: {
      description: 'The box is kept: ballots are boxed, fetched, verified and counted, in batches.',
      type: 'parallel',
      invoke: { id: 'keepBox', src: 'keepBox', input: job, onError: FAILS },
      on: { 'peer.present': { actions: 'notePeer' }, 'peer.away': { actions: 'notePeer' } },
      states: {
        peers: {
          description: 'Whether the other two servers answer.',
          initial: 'present',
          states: {
            present: {
              description: 'Both other servers answer.',
              always: { guard: 'aServerIsAway', target: 'away' },
            },
            away: {
              description: 'One is silent: voters still cast ballots here, and verifying waits.',
              always: { guard: 'everyServerIsPresent', target: 'present' },
            },
          },
        },
        election: {
          description:
            'Where the election is: the log says so, and what this server was doing before is over.',
          initial: 'open',
          on: {
            'log.closed': '.closing.flushing',
            'log.frozen': '.closing.sealing',
            'log.rootAgreed': '.tallying',
          },
          states: {
            open: {
              description: 'Voters cast ballots; each has a receipt when it is on the disk here.',
              invoke: {
                id: 'closeWhenDue',
                src: 'closeWhenDue',
                input: ({ context }) => ({ election: context.election, deadlineMs: context.deadlineMs }),
                onError: FAILS,
              },
            },
            closing: {
              description: 'No ballot is taken any more; one ordered set is agreed on.',
              initial: 'flushing',
              states: {
                flushing: {
                  description: 'Everything that was accepted here goes into the box.',
                  invoke: {
                    id: 'flushBox',
                    src: 'flushBox',
                    input: job,
                    onDone: {
                      target: 'flushed',
                      actions: {
                        type: 'submit',
                        params: ({ context }) => ({ kind: 'election.flushed', election: context.election }),
                      },
                    },
                    onError: FAILS,
                  },
                },
                flushed: {
                  description: 'Nothing more comes from here; another server has not said so yet.',
                },
                sealing: {
                  description:
                    'The box is frozen: the rest is verified, and the root of what counts is signed.',
                  invoke: {
                    id: 'sealBox',
                    src: 'sealBox',
                    input: job,
                    onDone: {
                      target: 'sealed',
                      actions: {
                        type: 'submit',
                        params: ({ context, event }) => ({
                          kind: 'election.sealed',
                          election: context.election,
                          ...event.output,
                        }),
                      },
                    },
                    onError: FAILS,
                  },
                },
                sealed: {
                  description: 'This server has signed the root; another has not yet.',
                },
              },
            },
            tallying: {
              description:
                'All three signed one root: this server publishes its share of the tally of those ballots.',
              invoke: {
                id: 'tallyBox',
                src: 'tallyBox',
                input: job,
                onDone: {
                  target: 'tallied',
                  actions: {
                    type: 'submit',
                    params: ({ context, event }) => ({
                      kind: 'election.tallied',
                      election: context.election,
                      ...event.output,
                    }),
                  },
                },
                onError: FAILS,
              },
            },
            tallied: {
              description: 'The fragment of another server is not there yet.',
            },
          },
        },
      },
    },
    published: {
      type: 'final',
      description: 'All three fragments are in the log. The keys that opened ballots are destroyed.',
      entry: ENDS,
    },
    cancelled: {
      type: 'final',
      description: 'The registrar took the election back. Its keys are destroyed.',
      entry: ENDS,
    },
    disputed: {
      type: 'final',
      description:
        'The servers disagree, or one found another out: there is no result. The keys are kept for the inquiry.',
    },
    failed: {
      description: 'This server cannot go on with the election, and has told the log why.',
    },
  },
});
