/**
 * Owns the kinds of ballots: what a voter may choose, how that is said as a measurement, and which Prio3 variant proves it.
 * Must never guess at a choice: one that the kind does not allow is refused with what is wrong about it.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { bitLength, type Circuit, count, histogram, multihotCountVec, sumVec } from './circuits.ts';

export type BallotKind =
  /** Result: the number of yes. */
  | { readonly kind: 'yesNo' }
  /** One of `options` (2 to 1,000). Results: how often each was chosen. */
  | { readonly kind: 'oneOf'; readonly options: number }
  /** At most `most` of `options` (1 to 1,000), none too. Results: how often each was marked. */
  | { readonly kind: 'approval'; readonly options: number; readonly most: number }
  /** For each of `options` (1 to 1,000) a score from 0 to `max` (at most 1,000). Results: the sum of each one's scores. */
  | { readonly kind: 'score'; readonly options: number; readonly max: number };

/** What a voter chose: yes or no; the option's number; a mark for each option; a score for each option. */
export type Choice = boolean | number | readonly boolean[] | readonly number[];

/** More options nobody reads, and a ballot's size grows with them. */
const MAX_OPTIONS = 1000;
/** Ten bits an option: with 1,000 options the leader's share is 170 kB and still one message. */
const MAX_SCORE = 1000;

export type BallotCircuit = Circuit<Choice, readonly number[]>;

/** The circuit of a kind. Throws `ballot.bad-kind`. */
export function circuitOf(kind: BallotKind): BallotCircuit {
  checkKind(kind);
  // Each circuit takes its own kind of choice: checkChoice has seen to it.
  switch (kind.kind) {
    case 'yesNo': {
      const circuit = count();
      return {
        ...circuit,
        encode: (choice) => circuit.encode(choice === true),
        decode: (sums) => [circuit.decode(sums)],
      };
    }
    case 'oneOf':
      return histogram(kind.options, bestChunk(kind.options)) as BallotCircuit;
    case 'approval': {
      const elements = kind.options + bitLength(kind.most);
      return multihotCountVec(kind.options, kind.most, bestChunk(elements)) as BallotCircuit;
    }
    case 'score': {
      const elements = kind.options * bitLength(kind.max);
      return sumVec(kind.options, kind.max, bestChunk(elements)) as BallotCircuit;
    }
  }
}

/** Throws `ballot.bad-choice` unless the choice is one that the kind allows. */
export function checkChoice(kind: BallotKind, choice: Choice): void {
  switch (kind.kind) {
    case 'yesNo':
      if (typeof choice !== 'boolean') throw badChoice('is neither yes nor no', 'Choose true or false.');
      return;
    case 'oneOf':
      if (!isWithin(choice, 0, kind.options - 1))
        throw badChoice('is none of the options', `Choose an option's number, 0 to ${kind.options - 1}.`);
      return;
    case 'approval':
      if (!isList(choice, kind.options, (mark) => typeof mark === 'boolean'))
        throw badChoice('has not a mark for each option', `Give ${kind.options} times true or false.`);
      if (choice.filter(Boolean).length > kind.most)
        throw badChoice('marks too many options', `Mark at most ${kind.most}.`);
      return;
    case 'score':
      if (!isList(choice, kind.options, (score) => isWithin(score, 0, kind.max)))
        throw badChoice(
          'has not a score for each option',
          `Give ${kind.options} whole numbers of 0 to ${kind.max}.`,
        );
  }
}

/** The most that one ballot adds to one number of the result. */
export function mostOf(kind: BallotKind): number {
  return kind.kind === 'score' ? kind.max : 1;
}

/** The chunk that makes proofs shortest; of several the one with the fewest calls. */
export function bestChunk(elements: number): number {
  let [best, shortest] = [1, Infinity];
  for (let chunk = 1; chunk <= elements; chunk++) {
    const points = 2 ** Math.ceil(Math.log2(1 + Math.ceil(elements / chunk)));
    const proof = 2 * chunk + 2 * points - 1;
    if (proof <= shortest) [best, shortest] = [chunk, proof];
  }
  return best;
}

function checkKind(kind: BallotKind): void {
  if (kind.kind === 'yesNo') return;
  const least = kind.kind === 'oneOf' ? 2 : 1;
  if (!isWithin(kind.options, least, MAX_OPTIONS))
    throw badKind('the number of options', `Have ${least} to ${MAX_OPTIONS} options.`);
  if (kind.kind === 'approval' && !isWithin(kind.most, 1, kind.options))
    throw badKind('the most marks', 'Allow 1 mark to as many as there are options.');
  if (kind.kind === 'score' && !isWithin(kind.max, 1, MAX_SCORE))
    throw badKind('the highest score', `Let it be 1 to ${MAX_SCORE}.`);
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isList(
  choice: Choice,
  length: number,
  holds: (entry: unknown) => boolean,
): choice is readonly boolean[] {
  return Array.isArray(choice) && choice.length === length && choice.every(holds);
}

function badKind(what: string, hint: string): MpcError {
  return new MpcError('ballot.bad-kind', `${what} of this kind of ballot is out of bounds`, {
    hint,
    exitCode: EXIT.badData,
  });
}

/** The message says nothing of the choice itself: it is secret. */
function badChoice(what: string, hint: string): MpcError {
  return new MpcError('ballot.bad-choice', `the choice ${what}`, { hint, exitCode: EXIT.badData });
}
