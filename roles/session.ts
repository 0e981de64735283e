/**
 * Owns one collaboration on one compute server: from its descriptor to its half of the result, and to forgetting.
 * Must never open anything before both servers have said in the log that they tied their tapes to the same inputs.
 */
import {
  byParty,
  chart,
  ENDED_BY_LOG,
  FAILS,
  failsBecause,
  failure,
  job,
  OLDER_BACKUP,
  peerOf,
  shred,
} from './session-words.ts';
import { CANCELLED, EXPIRED, reportFrom } from './vocabulary.ts';

export type { SessionInput } from './session-words.ts';

export const sessionMachine = chart.createMachine({
  id: 'session',
  description: 'One collaboration on one compute server.',
  meta: { ignores: ['log.register', 'log.approve', 'log.randomnessReady', 'log.close'] },
  context: ({ input }) => ({
    ...input,
    tape: null,
    rows: null,
    sources: {},
    uploads: {},
    binding: null,
    bindings: {},
    result: null,
    results: {},
    received: [],
    round: 0,
    rounds: 0,
    reason: null,
  }),
  on: {
    'log.uploaded': { actions: 'recordUpload' },
    'log.withdraw': [ENDED_BY_LOG, { actions: 'forgetUpload' }],
    'log.close': ENDED_BY_LOG,
    'log.bound': { actions: 'recordBindingFromLog' },
    'log.resultStored': { actions: 'recordResultFromLog' },
    'log.received': { actions: 'recordReceipt' },
    'log.fail': {
      target: '.failed',
      actions: { type: 'recordReason', params: ({ event }) => ({ reason: reportFrom(event.reason) }) },
    },
    'log.expire': { target: '.expired', actions: { type: 'recordReason', params: { reason: EXPIRED } } },
    'log.cancel': { target: '.cancelled', actions: { type: 'recordReason', params: { reason: CANCELLED } } },
  },
  initial: 'checking',
  states: {
    checking: {
      description: 'The descriptor is compiled again: plan, parties and limits must be what its digest says.',
      invoke: { id: 'checkDescriptor', src: 'checkDescriptor', input: job, onDone: 'init', onError: FAILS },
    },
    init: {
      description: 'Tape and inputs come in, in any order. Nothing is computed before both are complete.',
      type: 'parallel',
      always: { guard: 'tapeAndInputsAreThere', target: 'binding' },
      states: {
        randomness: {
          description: "The dealer's tape: correlated randomness for this one run.",
          initial: 'waitingForRandomness',
          states: {
            waitingForRandomness: {
              description:
                "The dealer's tape has not arrived; without it the session stays here, whatever else is there.",
              invoke: {
                id: 'receiveTape',
                src: 'receiveTape',
                input: job,
                onDone: {
                  target: 'ready',
                  actions: [
                    { type: 'recordTape', params: ({ event }) => ({ tape: event.output.tape }) },
                    {
                      type: 'submit',
                      params: ({ context }) => ({
                        kind: 'randomnessReady',
                        collaboration: context.collaboration,
                        attempt: context.attempt,
                      }),
                    },
                  ],
                },
                onError: FAILS,
              },
            },
            ready: { description: 'The tape is whole, checked and on disk.' },
          },
        },
        inputs: {
          description: 'The masked rows of every input party that is in it.',
          initial: 'waitingForInputs',
          states: {
            waitingForInputs: {
              description:
                'Approved parties get masks (once the tape is here) and bring masked rows, until the log says that it is ready with these.',
              invoke: {
                id: 'collectInputs',
                src: 'collectInputs',
                input: job,
                onDone: {
                  target: 'waitingForConfirmation',
                  actions: {
                    type: 'recordRows',
                    params: ({ event: { output } }) => ({
                      rows: byParty(output.rows),
                      sources: output.sources,
                    }),
                  },
                },
                onError: FAILS,
              },
            },
            waitingForConfirmation: {
              description:
                'All rows are here; each party must say in the log that it uploaded these and no others.',
              always: [
                {
                  guard: 'rowsDifferFromWhatAPartyUploaded',
                  ...failsBecause(
                    failure(
                      'inputs-differ',
                      'inputs differ: a party uploaded other rows than this server holds',
                      'create a new collaboration and upload again',
                    ),
                  ),
                },
                { guard: 'everyPartyConfirmedItsRows', target: 'ready' },
              ],
            },
            ready: { description: 'Every input is here and confirmed.' },
          },
        },
        peer: {
          description: 'Whether the other server answers: a fact for people, nothing waits for it here.',
          invoke: {
            id: 'watchPeer',
            src: 'watchPeer',
            input: ({ context }) => ({ server: context.server, peer: peerOf(context) }),
            onError: FAILS,
          },
          initial: 'away',
          states: {
            away: {
              description: 'The other server does not answer; tape and inputs may come in all the same.',
              meta: { ignores: ['peer.lost'] },
              on: { 'peer.present': 'present' },
            },
            present: {
              description: 'The other server answers.',
              meta: { ignores: ['peer.present'] },
              on: { 'peer.lost': 'away' },
            },
          },
        },
      },
    },
    binding: {
      description:
        'This server has tied its tape to these inputs; both statements must be in the log and equal.',
      entry: [
        'bindTapeToInputs',
        {
          type: 'submit',
          params: ({ context }) => ({
            kind: 'bound',
            collaboration: context.collaboration,
            attempt: context.attempt,
            binding: context.binding ?? '',
          }),
        },
      ],
      always: [
        { guard: 'ownBindingDiffers', ...failsBecause(OLDER_BACKUP) },
        {
          guard: 'peerBindingDiffers',
          ...failsBecause(
            failure(
              'bindings-differ',
              'the other server tied its tape to other inputs',
              'create a new collaboration and upload again',
            ),
          ),
        },
        { guard: 'bothServersBoundTheSame', target: 'compute' },
      ],
    },
    compute: {
      description: 'The plan runs on masked values. A crash resumes it with identical messages.',
      invoke: {
        id: 'compute',
        src: 'compute',
        input: (args) => ({ ...job(args), binding: args.context.binding }),
        onDone: 'storing',
        onError: FAILS,
      },
      on: { progress: { actions: 'recordProgress' } },
      initial: 'running',
      states: {
        running: {
          description: 'Both servers exchange openings.',
          meta: { ignores: ['peer.back'] },
          on: { 'peer.lost': 'waitingForPeer' },
        },
        waitingForPeer: {
          description: 'The other server is silent; its place in the transcript is kept.',
          meta: { ignores: ['peer.lost'] },
          on: { 'peer.back': 'running' },
        },
      },
    },
    storing: {
      description: 'The result becomes durable on both servers before any party hears of it.',
      initial: 'writing',
      states: {
        writing: {
          description: "This server's half of the result is written to disk.",
          invoke: {
            id: 'storeResult',
            src: 'storeResult',
            input: job,
            onDone: {
              target: 'waitingForPeer',
              actions: [
                { type: 'recordResult', params: ({ event }) => ({ outputs: event.output.outputs }) },
                {
                  type: 'submit',
                  params: ({ context }) => ({
                    kind: 'resultStored',
                    collaboration: context.collaboration,
                    attempt: context.attempt,
                    outputs: context.result ?? '',
                  }),
                },
              ],
            },
            onError: FAILS,
          },
        },
        waitingForPeer: {
          description: 'The other server must have stored the same masked result.',
          always: [
            { guard: 'ownResultDiffers', ...failsBecause(OLDER_BACKUP) },
            {
              guard: 'peerResultDiffers',
              ...failsBecause(
                failure(
                  'results-differ',
                  'the other server stored another result',
                  'create a new collaboration; one of the servers is faulty',
                ),
              ),
            },
            { guard: 'peerStoredTheSameResult', target: '#session.holding' },
          ],
        },
      },
    },
    holding: {
      description: 'Output parties fetch their shares, until all have combined them or the deadline passes.',
      invoke: [
        {
          id: 'serveResults',
          src: 'serveResults',
          input: (args) => ({ ...job(args), outputs: args.context.outputs }),
          onError: FAILS,
        },
        {
          id: 'awaitDeadline',
          src: 'awaitDeadline',
          input: ({ context }) => ({ deadlineMs: context.deadlineMs }),
          onDone: 'done',
          onError: FAILS,
        },
      ],
      always: { guard: 'everyOutputPartyReceived', target: 'done' },
    },
    done: { type: 'final', description: 'Served; tape and seeds are destroyed.', entry: shred },
    failed: { type: 'final', description: 'A participant could not go on; nothing is kept.', entry: shred },
    expired: { type: 'final', description: 'The deadline passed; nothing is kept.', entry: shred },
    cancelled: { type: 'final', description: 'The creator took it back; nothing is kept.', entry: shred },
  },
});
