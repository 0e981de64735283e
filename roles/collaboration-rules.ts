/**
 * Owns what the log may say about one collaboration: the facts that are kept, and why an event is refused.
 * Must never look at a clock or anything but its arguments: every replica must refuse the same.
 */
import type { ErrorReport } from '../src/base/errors.ts';
import type {
  LifecycleEvent,
  LifecycleFacts,
  LifecycleInput,
  LifecycleSnapshot,
  LifecycleStatus,
} from '../src/coordination/lifecycle.ts';

export const SERVERS = ['server-a', 'server-b'] as const;

export const partyOf = (author: string): string | undefined => /^party-(.+)$/.exec(author)?.[1];
const isServer = (author: string): boolean => SERVERS.some((server) => server === author);
const partiesOf = (context: LifecycleInput): string[] => sorted([...context.inputs, ...context.outputs]);
export const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
export const allIn = (wanted: readonly string[], have: readonly string[]): boolean =>
  wanted.every((name) => have.includes(name));
export const allUploaded = (context: LifecycleFacts): boolean =>
  allIn(context.inputs, Object.keys(context.uploads));

export const refusal = (code: string, message: string, hint: string): ErrorReport => ({
  code: `collaboration.${code}`,
  message,
  hint,
});
const NOT_YOURS = 'only a participant named in the descriptor may say this, and only for itself';
const notAServer = (author: string) => refusal('not-a-server', `${author} is not a server`, NOT_YOURS);
const otherAttempt = (attempt: number) =>
  refusal(
    'other-attempt',
    `attempt ${attempt} is not the current one`,
    'follow the log to its end and try again',
  );

/** What is wrong with an event whatever the state is; undefined when nothing is. */
export function objectionTo(context: LifecycleFacts, event: LifecycleEvent): ErrorReport | undefined {
  const { author } = event;
  const party = partyOf(author);
  switch (event.type) {
    case 'approve':
      if (party === undefined || !partiesOf(context).includes(party))
        return refusal('not-a-party', `${author} is not a party of this collaboration`, NOT_YOURS);
      if (event.descriptor !== context.descriptor)
        return refusal(
          'other-descriptor',
          `${author} approved another descriptor`,
          'read the descriptor again',
        );
      return undefined;
    case 'randomnessReady':
      if (!isServer(author)) return notAServer(author);
      return event.attempt === context.attempt ? undefined : otherAttempt(event.attempt);
    case 'uploaded':
      if (party === undefined || !context.inputs.includes(party))
        return refusal('not-an-input-party', `${author} is not an input party`, NOT_YOURS);
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
      return undefined;
    case 'bound':
      if (!isServer(author)) return notAServer(author);
      if (event.attempt !== context.attempt) return otherAttempt(event.attempt);
      if (context.bound[author] !== undefined && context.bound[author] !== event.binding)
        return refusal(
          'second-binding',
          `${author} has tied its tape to other inputs already`,
          `the store of ${author} is older than the log: create a new collaboration`,
        );
      if (!context.randomness.includes(author) || !allUploaded(context))
        return refusal('too-early', `${author} binds a tape before tape and rows are there`, 'wait for both');
      return undefined;
    case 'resultStored':
      if (!isServer(author)) return notAServer(author);
      return context.results[author] !== undefined && context.results[author] !== event.outputs
        ? refusal(
            'second-result',
            `${author} has stored another result already`,
            'create a new collaboration',
          )
        : undefined;
    case 'received':
      return party === undefined || !context.outputs.includes(party)
        ? refusal('not-an-output-party', `${author} is not an output party`, NOT_YOURS)
        : undefined;
    case 'fail':
      return isServer(author) || author === 'dealer' || (party && partiesOf(context).includes(party))
        ? undefined
        : refusal('not-a-participant', `${author} does not take part`, NOT_YOURS);
    case 'cancel':
      return author === context.creator
        ? undefined
        : refusal(
            'not-the-creator',
            `${author} did not create this collaboration`,
            'ask the party that created it',
          );
    case 'expire':
      return author === 'coordinator'
        ? undefined
        : refusal('not-the-coordinator', `${author} is not the coordinator`, NOT_YOURS);
  }
}

/** True when the event only repeats a fact that is already kept. */
export function isRepetition({ value, context }: LifecycleSnapshot, event: LifecycleEvent): boolean {
  const { author } = event;
  const party = partyOf(author) ?? '';
  switch (event.type) {
    case 'approve':
      return context.approvals.includes(party) && event.descriptor === context.descriptor;
    case 'randomnessReady':
      return context.randomness.includes(author) && event.attempt === context.attempt;
    case 'uploaded':
      return context.uploads[party] === event.rows;
    case 'bound':
      return context.bound[author] === event.binding && event.attempt === context.attempt;
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
  }
}

export function statusOf(snapshot: LifecycleSnapshot): LifecycleStatus {
  return typeof snapshot.value === 'string' ? snapshot.value : 'finished';
}
