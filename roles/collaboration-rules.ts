/**
 * Owns what the log may say about one collaboration: the facts that are kept, and why an event is refused.
 * Must never look at a clock or anything but its arguments: every replica must refuse the same.
 */
import type { ErrorReport } from '../src/base/errors.ts';
import {
  inputSetOf,
  type LifecycleEvent,
  type LifecycleFacts,
  type LifecycleInput,
  type LifecycleSnapshot,
  type LifecycleStatus,
} from '../src/coordination/lifecycle.ts';

/** Attempts at one collaboration: beyond it something is wrong that no new attempt mends. */
const MOST_ATTEMPTS = 100;

export const SERVERS = ['server-a', 'server-b'] as const;

export const partyOf = (author: string): string | undefined => /^party-(.+)$/.exec(author)?.[1];
const isServer = (author: string): boolean => SERVERS.some((server) => server === author);
const partiesOf = ({ inputs, outputs, approvers }: LifecycleInput): string[] =>
  sorted([...inputs, ...outputs, ...approvers]);
export const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
export const allIn = (wanted: readonly string[], have: readonly string[]): boolean =>
  wanted.every((name) => have.includes(name));

export const refusal = (code: string, message: string, hint: string): ErrorReport => ({
  code: `collaboration.${code}`,
  message,
  hint,
});
const NOT_YOURS = 'only a participant named in the descriptor may say this, and only for itself';
const notAServer = (author: string) => refusal('not-a-server', `${author} is not a server`, NOT_YOURS);
const hasWithdrawn = (author: string) =>
  refusal(
    'withdrawn',
    `${author} has taken back its part in this attempt`,
    'wait for another attempt, or create a new collaboration',
  );
const otherAttempt = (attempt: number) =>
  refusal(
    'other-attempt',
    `attempt ${attempt} is not the current one`,
    'follow the log to its end and try again',
  );

const notAParty = (author: string) =>
  refusal('not-a-party', `${author} is not a party of this collaboration`, NOT_YOURS);
const notTheCreator = (author: string) =>
  refusal('not-the-creator', `${author} did not create this collaboration`, 'ask the party that created it');
const notTheCoordinator = (author: string) =>
  refusal('not-the-coordinator', `${author} is not the coordinator`, NOT_YOURS);

/** What is wrong with an event whatever the state is; undefined when nothing is. */
export function objectionTo(context: LifecycleFacts, event: LifecycleEvent): ErrorReport | undefined {
  const { author } = event;
  const party = partyOf(author);
  const isOfOther = 'attempt' in event && event.type !== 'rerun' && event.attempt !== context.attempt;
  switch (event.type) {
    case 'register': {
      const { inputs, outputs, approvers } = context;
      if (
        party === undefined ||
        !(event.as === 'input' ? [...inputs, ...approvers] : outputs).includes(party)
      )
        return refusal(
          `not-an-${event.as}-party`,
          `the descriptor names no ${event.as} party ${party ?? author}`,
          NOT_YOURS,
        );
      return undefined;
    }
    case 'approve':
      if (party === undefined || !partiesOf(context).includes(party)) return notAParty(author);
      if (isOfOther) return otherAttempt(event.attempt);
      if (context.withdrawn.includes(party)) return hasWithdrawn(author);
      if (event.descriptor !== context.descriptor)
        return refusal(
          'other-descriptor',
          `${author} approved another descriptor`,
          'read the descriptor again',
        );
      return undefined;
    case 'withdraw':
      if (party === undefined || !partiesOf(context).includes(party)) return notAParty(author);
      if (isOfOther) return otherAttempt(event.attempt);
      if (Object.keys(context.bound).length > 0)
        return refusal(
          'started',
          'a server has tied its tape to the rows already',
          'rows cannot be taken back now',
        );
      return event.vouched && context.approvals.includes(party)
        ? refusal('own-key', `${author} has approved by its own key`, 'take the part back by that key, too')
        : undefined;
    case 'randomnessReady':
      if (!isServer(author)) return notAServer(author);
      return isOfOther ? otherAttempt(event.attempt) : undefined;
    case 'uploaded':
      if (party === undefined || !context.inputs.includes(party))
        return refusal('not-an-input-party', `${author} is not an input party`, NOT_YOURS);
      if (isOfOther) return otherAttempt(event.attempt);
      if (context.withdrawn.includes(party)) return hasWithdrawn(author);
      if (!context.approvals.includes(party))
        return refusal(
          'not-approved',
          `${author} has not approved the descriptor`,
          'approve it, then upload',
        );
      if (context.uploads[party] !== undefined && context.uploads[party] !== event.rows)
        return refusal(
          'second-upload',
          `${author} has uploaded other rows already`,
          'rows cannot be changed: create a new collaboration',
        );
      if (context.closed && context.uploads[party] === undefined)
        return refusal(
          'closed',
          `${author} came after the time for rows had passed`,
          'ask the creator for another attempt',
        );
      return undefined;
    case 'close':
      if (author !== 'coordinator') return notTheCoordinator(author);
      if (isOfOther) return otherAttempt(event.attempt);
      return context.minimum === null
        ? refusal('needs-all', 'this collaboration needs all input parties', 'wait for them')
        : undefined;
    case 'bound':
      if (!isServer(author)) return notAServer(author);
      if (isOfOther) return otherAttempt(event.attempt);
      if (context.bound[author] !== undefined && context.bound[author] !== event.binding)
        return refusal(
          'second-binding',
          `${author} has tied its tape to other inputs already`,
          `the store of ${author} is older than the log: create a new collaboration`,
        );
      if (!context.randomness.includes(author) || inputSetOf(context) === undefined)
        return refusal('too-early', `${author} binds a tape before tape and rows are there`, 'wait for both');
      return undefined;
    case 'resultStored':
      if (!isServer(author)) return notAServer(author);
      if (isOfOther) return otherAttempt(event.attempt);
      return context.results[author] !== undefined && context.results[author] !== event.outputs
        ? refusal(
            'second-result',
            `${author} has stored another result already`,
            'create a new collaboration',
          )
        : undefined;
    case 'received':
      if (party === undefined || !context.outputs.includes(party))
        return refusal('not-an-output-party', `${author} is not an output party`, NOT_YOURS);
      return isOfOther ? otherAttempt(event.attempt) : undefined;
    case 'fail':
      if (!isServer(author) && author !== 'dealer' && !(party && partiesOf(context).includes(party)))
        return refusal('not-a-participant', `${author} does not take part`, NOT_YOURS);
      return isOfOther ? otherAttempt(event.attempt) : undefined;
    case 'cancel':
      return author === context.creator ? undefined : notTheCreator(author);
    case 'expire':
      return author === 'coordinator' ? undefined : notTheCoordinator(author);
    case 'rerun':
      if (author !== context.creator) return notTheCreator(author);
      if (event.attempt !== context.attempt + 1) return otherAttempt(event.attempt);
      return event.attempt > MOST_ATTEMPTS
        ? refusal('too-many-attempts', `there were ${context.attempt} attempts`, 'create a new collaboration')
        : undefined;
  }
}

/** True when the event only repeats a fact that is already kept. */
export function isRepetition({ value, context }: LifecycleSnapshot, event: LifecycleEvent): boolean {
  const { author } = event;
  const party = partyOf(author) ?? '';
  const { inputs, outputs } = context.registered;
  if ('attempt' in event && event.attempt !== context.attempt) return false;
  switch (event.type) {
    case 'register':
      return (
        (event.as === 'input' ? inputs : outputs).includes(party) &&
        context.endpoints[party] === event.notify &&
        objectionTo(context, event) === undefined
      );
    case 'approve':
      return context.approvals.includes(party) && event.descriptor === context.descriptor;
    case 'withdraw':
      return (
        objectionTo(context, event) === undefined &&
        ![...inputs, ...outputs, ...context.approvals].includes(party)
      );
    case 'randomnessReady':
      return context.randomness.includes(author);
    case 'uploaded':
      return context.uploads[party] === event.rows;
    case 'close':
      return context.closed && author === 'coordinator';
    case 'bound':
      return context.bound[author] === event.binding;
    case 'resultStored':
      return context.results[author] === event.outputs;
    case 'received':
      return context.received.includes(party);
    case 'fail':
      return value === 'failed' && objectionTo(context, event) === undefined;
    case 'cancel':
      return value === 'cancelled' && objectionTo(context, event) === undefined;
    case 'expire':
      return value === 'expired' && objectionTo(context, event) === undefined;
    case 'rerun':
      return event.attempt > 1 && author === context.creator;
  }
}

export function statusOf(snapshot: LifecycleSnapshot): LifecycleStatus {
  return typeof snapshot.value === 'string' ? snapshot.value : 'finished';
}
