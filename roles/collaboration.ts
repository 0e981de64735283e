/**
 * Owns the life of one collaboration as every participant sees it: the chart that the replicated log is played through.
 * Must never have an effect, a clock or a random choice: equal logs give equal states on every replica.
 *
 *   open -> registering -> collecting -> ready -> running -> finished        failed | expired | cancelled
 *
 * Facts (who approved, who uploaded what, ...) are kept in the context as they come; the states follow from them.
 * A failed attempt, or one whose result all have, may be followed by another: its facts begin anew, the approvals stay.
 * An output party may approve at any time: it brings nothing that would wait for it.
 * A fact told twice is accepted and changes nothing. What does not fit is refused with a reason (`refusalOf`).
 */
import { assign, setup } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import { firstTransition, nextTransition } from '../src/base/transitions.ts';
import {
  canBeEnough,
  inputSetOf,
  type LifecycleEvent,
  type LifecycleFacts,
  type LifecycleInput,
  type LifecycleSnapshot,
  neededApprovals,
} from '../src/coordination/lifecycle.ts';
import {
  allIn,
  isRepetition,
  objectionTo,
  partyOf,
  refusal,
  SERVERS,
  sorted,
  statusOf,
} from './collaboration-rules.ts';

const fits = ({ context, event }: { context: LifecycleFacts; event: LifecycleEvent }): boolean =>
  objectionTo(context, event) === undefined;
const without = (
  values: Readonly<Record<string, string>>,
  name: string | undefined,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter(([key]) => key !== name));
/** What an attempt begins with. */
const NOTHING_YET = {
  randomness: [],
  uploads: {},
  withdrawn: [],
  closed: false,
  bound: {},
  results: {},
  received: [],
};
const twoDiffer = (digests: Readonly<Record<string, string>>): boolean =>
  new Set(Object.values(digests)).size > 1;

const chart = setup({
  types: {
    context: {} as LifecycleFacts, // xstate reads these three for their types only
    events: {} as LifecycleEvent,
    input: {} as LifecycleInput,
  },
  guards: {
    comesFromAParty: fits,
    comesFromAServer: fits,
    comesFromAnOutputParty: fits,
    comesFromAParticipant: fits,
    comesFromTheCreator: fits,
    comesFromTheCoordinator: fits,
    fitsWhatThePartySaidBefore: fits,
    fitsWhatTheServerSaidBefore: fits,
    someoneCame: ({ context: { registered, approvals } }) =>
      registered.inputs.length + registered.outputs.length + approvals.length > 0,
    everyNeededPartyApproved: ({ context }) => allIn(neededApprovals(context), context.approvals),
    tooFewAreLeft: ({ context }) => !canBeEnough(context),
    rowsAndRandomnessAreThere: ({ context }) =>
      inputSetOf(context) !== undefined && allIn(SERVERS, context.randomness),
    mayBeComputedAgain: ({ context, event }) =>
      fits({ context, event }) && context.finished.length + 1 <= context.reruns,
    bindingsDiffer: ({ context }) => twoDiffer(context.bound),
    bothServersBound: ({ context }) => allIn(SERVERS, Object.keys(context.bound)),
    resultsDiffer: ({ context }) => twoDiffer(context.results),
    bothServersStoredTheResult: ({ context }) => allIn(SERVERS, Object.keys(context.results)),
    everyOutputPartyReceived: ({ context }) => allIn(context.outputs, context.received),
  },
  actions: {
    recordRegistration: assign({
      registered: ({ context: { registered }, event }) => {
        if (event.type !== 'register') return registered;
        const list = event.as === 'input' ? 'inputs' : 'outputs';
        return { ...registered, [list]: sorted([...registered[list], partyOf(event.author) ?? '']) };
      },
      endpoints: ({ context, event }) => {
        const others = without(context.endpoints, partyOf(event.author));
        return event.type === 'register' && event.notify !== undefined
          ? { ...others, [partyOf(event.author) ?? '']: event.notify }
          : others;
      },
    }),
    recordWithdrawal: assign(({ context, event }) => {
      const party = partyOf(event.author) ?? '';
      const others = (names: readonly string[]) => names.filter((name) => name !== party);
      const { registered, approvals, withdrawn, inputs, approvers } = context;
      const hadAgreed = approvals.includes(party) && [...inputs, ...approvers].includes(party);
      return {
        registered: { inputs: others(registered.inputs), outputs: others(registered.outputs) },
        endpoints: without(context.endpoints, party),
        approvals: others(approvals),
        uploads: without(context.uploads, party),
        withdrawn: hadAgreed ? sorted([...withdrawn, party]) : withdrawn,
      };
    }),
    closeToInputs: assign({ closed: true }),
    beginAnew: assign(({ context }) => ({ ...NOTHING_YET, attempt: context.attempt + 1, reason: undefined })),
    keepTheResult: assign({ finished: ({ context }) => [...context.finished, context.attempt] }),
    recordApproval: assign({
      approvals: ({ context, event }) => sorted([...context.approvals, partyOf(event.author) ?? '']),
    }),
    recordRandomness: assign({
      randomness: ({ context, event }) => sorted([...context.randomness, event.author]),
    }),
    recordUpload: assign({
      uploads: ({ context, event }) =>
        event.type === 'uploaded'
          ? { ...context.uploads, [partyOf(event.author) ?? '']: event.rows }
          : context.uploads,
    }),
    recordBinding: assign({
      bound: ({ context, event }) =>
        event.type === 'bound' ? { ...context.bound, [event.author]: event.binding } : context.bound,
    }),
    recordResult: assign({
      results: ({ context, event }) =>
        event.type === 'resultStored'
          ? { ...context.results, [event.author]: event.outputs }
          : context.results,
    }),
    recordReceipt: assign({
      received: ({ context, event }) => sorted([...context.received, partyOf(event.author) ?? '']),
    }),
    recordReason: assign({
      reason: ({ event }): ErrorReport =>
        event.type === 'fail'
          ? event.reason
          : event.type === 'cancel'
            ? refusal('cancelled', 'its creator took the collaboration back', 'create a new one')
            : refusal('expired', 'the deadline passed', 'create a new one with a later deadline'),
    }),
    blameParties: assign({
      reason: ({ context }) =>
        refusal(
          'too-few-parties',
          context.closed
            ? 'too few input parties brought their rows in time'
            : 'a party that is needed took its part back',
          'ask the creator for another attempt, or create a new collaboration',
        ),
    }),
    blameBindings: assign({
      reason: () =>
        refusal(
          'bindings-differ',
          'the servers hold different inputs',
          'create a new collaboration and upload again',
        ),
    }),
    blameResults: assign({
      reason: () =>
        refusal(
          'results-differ',
          'the servers hold different results',
          'create a new collaboration; check both servers',
        ),
    }),
  },
});

const REGISTER = { guard: 'comesFromAParty', actions: 'recordRegistration' } as const;
const WITHDRAW = { guard: 'comesFromAParty', actions: 'recordWithdrawal' } as const;
const CLOSE = { guard: 'comesFromTheCoordinator', actions: 'closeToInputs' } as const;
const TOO_FEW = { guard: 'tooFewAreLeft', target: 'failed', actions: 'blameParties' } as const;
const FAIL = { guard: 'comesFromAParticipant', target: 'failed', actions: 'recordReason' } as const;
const EXPIRE = { guard: 'comesFromTheCoordinator', target: 'expired', actions: 'recordReason' } as const;
const CANCEL = { guard: 'comesFromTheCreator', target: 'cancelled', actions: 'recordReason' } as const;
const APPROVE = { guard: 'comesFromAParty', actions: 'recordApproval' } as const;
const RANDOMNESS = { guard: 'comesFromAServer', actions: 'recordRandomness' } as const;
const UPLOADED = { guard: 'fitsWhatThePartySaidBefore', actions: 'recordUpload' } as const;
const BOUND = { guard: 'fitsWhatTheServerSaidBefore', actions: 'recordBinding' } as const;

export const collaborationMachine = chart.createMachine({
  id: 'collaboration',
  description: 'The life of one collaboration, as the replicated log tells it.',
  context: ({ input }) => ({
    descriptor: input.descriptor,
    creator: input.creator,
    inputs: sorted(input.inputs),
    outputs: sorted(input.outputs),
    approvers: sorted(input.approvers),
    minimum: input.minimum,
    reruns: input.reruns,
    attempt: 1,
    finished: [],
    registered: { inputs: [], outputs: [] },
    endpoints: {},
    approvals: [],
    ...NOTHING_YET,
  }),
  initial: 'open',
  states: {
    open: {
      description: 'Created; nobody has said yet that it takes part. The dealer may already deal.',
      always: [TOO_FEW, { guard: 'someoneCame', target: 'registering' }],
      on: {
        register: REGISTER,
        approve: APPROVE,
        randomnessReady: RANDOMNESS,
        close: CLOSE,
        fail: FAIL,
        cancel: CANCEL,
        expire: EXPIRE,
      },
    },
    registering: {
      description:
        'Some parties have come, one that is needed has not approved; those that have approved may upload.',
      always: [TOO_FEW, { guard: 'everyNeededPartyApproved', target: 'collecting' }],
      on: {
        register: REGISTER,
        approve: APPROVE,
        withdraw: WITHDRAW,
        randomnessReady: RANDOMNESS,
        uploaded: UPLOADED,
        close: CLOSE,
        fail: FAIL,
        cancel: CANCEL,
        expire: EXPIRE,
      },
    },
    collecting: {
      description: 'Every needed party has approved; masked rows of one or the tape of a server are missing.',
      always: [TOO_FEW, { guard: 'rowsAndRandomnessAreThere', target: 'ready' }],
      on: {
        register: REGISTER,
        approve: APPROVE,
        withdraw: WITHDRAW,
        randomnessReady: RANDOMNESS,
        uploaded: UPLOADED,
        close: CLOSE,
        bound: BOUND,
        fail: FAIL,
        cancel: CANCEL,
        expire: EXPIRE,
      },
    },
    ready: {
      description: 'All rows and both tapes are there; the servers tie their tapes to these inputs.',
      always: [
        { guard: 'bindingsDiffer', target: 'failed', actions: 'blameBindings' },
        { guard: 'bothServersBound', target: 'running' },
      ],
      on: {
        register: REGISTER,
        approve: APPROVE,
        bound: BOUND,
        fail: FAIL,
        cancel: CANCEL,
        expire: EXPIRE,
      },
    },
    running: {
      description: 'Both servers are bound to the same inputs and compute on masked values.',
      always: [
        { guard: 'resultsDiffer', target: 'failed', actions: 'blameResults' },
        { guard: 'bothServersStoredTheResult', target: 'finished' },
      ],
      on: {
        register: REGISTER,
        approve: APPROVE,
        resultStored: { guard: 'fitsWhatTheServerSaidBefore', actions: 'recordResult' },
        fail: FAIL,
        expire: EXPIRE,
      },
    },
    finished: {
      description: 'Both servers hold the same result; the output parties fetch and combine it.',
      initial: 'delivering',
      on: { register: REGISTER },
      states: {
        delivering: {
          description: 'An output party has not combined its result yet.',
          always: { guard: 'everyOutputPartyReceived', target: 'delivered' },
          on: { approve: APPROVE, received: { guard: 'comesFromAnOutputParty', actions: 'recordReceipt' } },
        },
        delivered: {
          description: 'Every output party has its result; the servers keep their halves of it.',
          on: {
            rerun: {
              guard: 'mayBeComputedAgain',
              target: '#collaboration.open',
              actions: ['keepTheResult', 'beginAnew'],
            },
          },
        },
      },
    },
    failed: {
      description: 'A participant could not go on, too few were left, or the servers disagreed.',
      on: { rerun: { guard: 'comesFromTheCreator', target: 'open', actions: 'beginAnew' } },
    },
    expired: { type: 'final', description: 'The deadline passed before the result was stored.' },
    cancelled: { type: 'final', description: 'The creator took the collaboration back before it started.' },
  },
});

/** Why the event is refused; undefined when it is a new fact that fits, or a fact told again. */
export function refusalOf(snapshot: LifecycleSnapshot, event: LifecycleEvent): ErrorReport | undefined {
  if (isRepetition(snapshot, event)) return undefined;
  const objection = objectionTo(snapshot.context, event);
  if (objection !== undefined) return objection;
  const status = statusOf(snapshot);
  if (collaborationMachine.resolveState(snapshot).can(event)) return undefined;
  return ['finished', 'failed', 'expired', 'cancelled'].includes(status)
    ? refusal(
        'over',
        `the collaboration is ${status}`,
        snapshot.context.reason?.message ?? 'create a new one',
      )
    : refusal(
        'wrong-state',
        `${event.type} does not fit a collaboration that is ${status}`,
        'follow its state',
      );
}

/** The chart as pure functions from JSON to JSON, for the replicated state machine. */
export const collaborationChart = {
  initial(input: LifecycleInput): LifecycleSnapshot {
    return plain(firstTransition(collaborationMachine, input)[0]);
  },
  /** A refused or repeated event leaves the snapshot as it is. */
  step(
    snapshot: LifecycleSnapshot,
    event: LifecycleEvent,
  ): { readonly snapshot: LifecycleSnapshot; readonly refusal?: ErrorReport } {
    const refused = refusalOf(snapshot, event);
    if (refused !== undefined) return { snapshot, refusal: refused };
    if (isRepetition(snapshot, event)) return { snapshot };
    return {
      snapshot: plain(
        nextTransition(collaborationMachine, collaborationMachine.resolveState(snapshot), event)[0],
      ),
    };
  },
  status: statusOf,
};

function plain(snapshot: LifecycleSnapshot): LifecycleSnapshot {
  return { value: snapshot.value, context: snapshot.context };
}
