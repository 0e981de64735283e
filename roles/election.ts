/**
 * Owns the life of one election as everybody sees it: the chart that the replicated log is played through.
 * Must never have an effect, a clock or a random choice: equal logs give equal states on every replica, and to whoever checks
 * the published record.
 *
 *   draft -> open -> closing.flushing -> closing.sealing -> tallying -> published        cancelled | disputed
 *
 * No fragment of a tally is taken before all three servers have signed one root: they count the same ballots, or nothing.
 */
import { assign, initialTransition, setup, transition } from 'xstate';
import type { ErrorReport } from '../src/base/errors.ts';
import type { LifeEvent, LifeFacts, LifeInput, LifeSnapshot } from '../src/election/life.ts';
import {
  allServers,
  isElectionRepetition,
  objectionToElection,
  oddOnes,
  refusalWith,
} from './election-rules.ts';

const fits = ({ context, event }: { context: LifeFacts; event: LifeEvent }): boolean =>
  objectionToElection(context, event) === undefined;
const sealsOf = ({ seals }: LifeFacts): Record<string, string> =>
  Object.fromEntries(
    Object.entries(seals).map(([server, { root, counted, rejected }]) => [
      server,
      `${root} ${counted} ${rejected}`,
    ]),
  );
const isOfThree = (said: Readonly<Record<string, unknown>>): boolean => allServers(Object.keys(said));

const chart = setup({
  types: {
    context: {} as LifeFacts, // xstate reads these three for their types only
    events: {} as LifeEvent,
    input: {} as LifeInput,
  },
  guards: {
    fitsWhatTheServerSaidBefore: fits,
    comesFromTheRegistrarOrAfterTheDeadline: fits,
    namesTheFrozenHistory: fits,
    isForTheAgreedRoot: fits,
    everyServerIsReady: ({ context }) => isOfThree(context.ready),
    everyServerGaveItsPartOfTheKey: ({ context }) => isOfThree(context.keyed),
    everyServerHasFlushed: ({ context }) => allServers(context.flushed),
    rootsDiffer: ({ context }) =>
      isOfThree(context.seals) && new Set(Object.values(sealsOf(context))).size > 1,
    everyServerSignedTheRoot: ({ context }) => isOfThree(context.seals),
    fragmentsMakeAResult: ({ context }) => isOfThree(context.fragments) && context.result !== null,
    everyFragmentIsThere: ({ context }) => isOfThree(context.fragments),
  },
  actions: {
    recordSealingKey: assign({
      ready: ({ context, event }) =>
        event.type === 'ready'
          ? {
              ...context.ready,
              [event.author]: { sealingKey: event.sealingKey, signature: event.signature },
            }
          : context.ready,
    }),
    recordKeyShare: assign({
      keyed: ({ context, event }) =>
        event.type === 'keyed'
          ? { ...context.keyed, [event.author]: { commitment: event.commitment, sealed: event.sealed } }
          : context.keyed,
    }),
    recordVoters: assign({
      voters: ({ context, event }) => (event.type === 'open' ? event.voters : context.voters),
      votersRoot: ({ context, event }) => (event.type === 'open' ? event.root : context.votersRoot),
    }),
    recordFlushed: assign({
      flushed: ({ context, event }) => [...context.flushed, event.author].sort(),
      frozen: ({ context, event }) =>
        event.type === 'flushed' && allServers([...context.flushed, event.author])
          ? event.box
          : context.frozen,
    }),
    recordSeal: assign({
      seals: ({ context, event }) => {
        if (event.type !== 'sealed') return context.seals;
        const { root, counted, rejected, history } = event;
        return { ...context.seals, [event.author]: { root, counted, rejected, history } };
      },
    }),
    recordFragment: assign({
      fragments: ({ context, event }) =>
        event.type === 'tallied'
          ? { ...context.fragments, [event.author]: event.fragment }
          : context.fragments,
      result: ({ context, event }) =>
        event.type === 'tallied' && event.result !== undefined ? event.result : context.result,
    }),
    recordReason: assign({
      reason: ({ event }): ErrorReport =>
        event.type === 'fail'
          ? event.reason
          : refusalWith('cancelled', 'the registrar took the election back', 'ask the registrar'),
    }),
    blameRoots: assign({
      reason: ({ context }): ErrorReport => {
        const odd = oddOnes(sealsOf(context));
        return refusalWith(
          'roots-differ',
          `the servers count different ballots: ${odd.join(', ')} ${odd.length === 1 ? 'differs from the others' : 'differ'}`,
          'no tally is made; compare what each server rejected (mpc election record), and hold the election again',
        );
      },
    }),
    blameFragments: assign({
      reason: (): ErrorReport =>
        refusalWith(
          'impossible-tally',
          'the three fragments add up to no possible result: at least one of them is false',
          'nobody can tell which; hold the election again with other servers',
        ),
    }),
  },
});

const CANCEL = { target: '#election.cancelled', actions: 'recordReason' } as const;
const FAIL = { target: '#election.disputed', actions: 'recordReason' } as const;
const CLOSE = { guard: 'comesFromTheRegistrarOrAfterTheDeadline', target: '#election.closing' } as const;

export const electionMachine = chart.createMachine({
  id: 'election',
  description: 'The life of one election, as the replicated log tells it.',
  context: ({ input }) => ({
    registrar: input.registrar,
    ready: {},
    keyed: {},
    voters: 0,
    votersRoot: '',
    flushed: [],
    frozen: null,
    seals: {},
    fragments: {},
    result: null,
    reason: null,
  }),
  initial: 'draft',
  states: {
    draft: {
      description: 'The registrar collects the list of voters while the servers make their keys.',
      on: { cancel: CANCEL, fail: FAIL },
      initial: 'waitingForServers',
      states: {
        waitingForServers: {
          description: 'A server has not said yet which key ballots are sealed to for it.',
          always: { guard: 'everyServerIsReady', target: 'waitingForKeys' },
          on: { ready: { guard: 'fitsWhatTheServerSaidBefore', actions: 'recordSealingKey' } },
        },
        waitingForKeys: {
          description: 'The servers give each other their parts of the key that proofs are checked under.',
          always: { guard: 'everyServerGaveItsPartOfTheKey', target: 'prepared' },
          on: { keyed: { guard: 'fitsWhatTheServerSaidBefore', actions: 'recordKeyShare' } },
        },
        prepared: {
          description: 'All keys are there: the registrar may close the list and open the box.',
          on: { open: { target: '#election.open', actions: 'recordVoters' } },
        },
      },
    },
    open: {
      description: 'Voters cast ballots, also again; the servers box, hold and verify them.',
      on: { close: CLOSE, cancel: CANCEL, fail: FAIL },
    },
    closing: {
      description: 'No server takes a ballot any more; one ordered set is agreed on.',
      on: { fail: FAIL },
      initial: 'flushing',
      states: {
        flushing: {
          description: 'Each server boxes what it accepted before the close, and says when that is done.',
          always: { guard: 'everyServerHasFlushed', target: 'sealing' },
          on: { flushed: { actions: 'recordFlushed' } },
        },
        sealing: {
          description: 'The box is frozen; each server verifies the rest and signs the root of what counts.',
          always: [
            { guard: 'rootsDiffer', target: '#election.disputed', actions: 'blameRoots' },
            { guard: 'everyServerSignedTheRoot', target: '#election.tallying' },
          ],
          on: { sealed: { guard: 'namesTheFrozenHistory', actions: 'recordSeal' } },
        },
      },
    },
    tallying: {
      description:
        'All three signed one root; each publishes its share of the tally of exactly those ballots.',
      always: [
        { guard: 'fragmentsMakeAResult', target: 'published' },
        { guard: 'everyFragmentIsThere', target: 'disputed', actions: 'blameFragments' },
      ],
      on: { tallied: { guard: 'isForTheAgreedRoot', actions: 'recordFragment' }, fail: FAIL },
    },
    published: { type: 'final', description: 'The three fragments are there, and anyone can add them up.' },
    cancelled: { type: 'final', description: 'The registrar took the election back before it was closed.' },
    disputed: {
      type: 'final',
      description: 'The servers disagree, or one found another out: there is no result.',
    },
  },
});

/** Why the event is refused; undefined when it is a new fact that fits, or a fact told again. */
function refusalOf(snapshot: LifeSnapshot, event: LifeEvent): ErrorReport | undefined {
  if (isElectionRepetition(snapshot, event)) return undefined;
  const objection = objectionToElection(snapshot.context, event);
  if (objection !== undefined) return objection;
  if (electionMachine.resolveState(snapshot).can(event)) return undefined;
  const state = JSON.stringify(snapshot.value).replace(/["{}]/g, '').replace(':', '.');
  return refusalWith(
    'wrong-state',
    `${event.type} does not fit an election that is ${state}`,
    'follow its state',
  );
}

/** The chart as pure functions from JSON to JSON, for the chapter. */
export const electionChart = {
  initial: (input: LifeInput): LifeSnapshot => plain(initialTransition(electionMachine, input)[0]),
  /** A refused or repeated event leaves the snapshot as it is. */
  step(
    snapshot: LifeSnapshot,
    event: LifeEvent,
  ): { readonly snapshot: LifeSnapshot; readonly refusal?: ErrorReport } {
    const refused = refusalOf(snapshot, event);
    if (refused !== undefined) return { snapshot, refusal: refused };
    if (isElectionRepetition(snapshot, event)) return { snapshot };
    return { snapshot: plain(transition(electionMachine, electionMachine.resolveState(snapshot), event)[0]) };
  },
};

/** As it would come back from a file: replicas that restarted must equal those that did not. */
function plain({ value, context }: { value: unknown; context: LifeFacts }): LifeSnapshot {
  return JSON.parse(JSON.stringify({ value, context })); // the chart's own states
}
