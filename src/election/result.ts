/**
 * Owns the result of an election: three fragments together, whether that can be, and how it reads.
 * Must never combine fragments of different boxes: the log lets none in that does not name the agreed root.
 */
import { BallotType } from '../ballot/election-type.ts';
import { MpcError } from '../base/errors.ts';
import { type ElectionDescriptor, kindOfBallots } from './descriptor.ts';

/** One line of a result: an option and its sum. */
export interface ResultLine {
  readonly label: string;
  readonly sum: number;
}

/** `ballotType` costs milliseconds; whoever has one hands it over. */
export function combineFragments(
  descriptor: Pick<ElectionDescriptor, 'type' | 'labels'>,
  fragments: readonly string[],
  counted: number,
  ballotType: BallotType = new BallotType(kindOfBallots(descriptor)),
): readonly number[] | undefined {
  const shares = fragments.map(fragmentBytes);
  if (shares.some((share) => share === undefined)) return undefined;
  try {
    const sums = ballotType.combineTallies(shares.filter((share) => share !== undefined));
    return isPossible(descriptor, sums, counted) ? sums : undefined;
  } catch (error) {
    if (error instanceof MpcError) return undefined;
    throw error;
  }
}

/** Undefined unless the text is the one form of its bytes. */
export function fragmentBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined;
}

/** Whether that many valid ballots can add up to these sums. A false fragment makes random sums: this finds it. */
export function isPossible(
  { type }: Pick<ElectionDescriptor, 'type'>,
  sums: readonly number[],
  counted: number,
): boolean {
  const total = sums.reduce((sum, one) => sum + one, 0);
  const most = type.kind === 'score' ? type.max * counted : counted;
  if (sums.some((sum) => !Number.isSafeInteger(sum) || sum < 0 || sum > most)) return false;
  if (type.kind === 'oneOf') return total === counted;
  return type.kind !== 'approval' || total <= type.most * counted;
}

/** The sums by label; of yes and no both. */
export function resultLines(
  { type, labels }: Pick<ElectionDescriptor, 'type' | 'labels'>,
  sums: readonly number[],
  counted: number,
): ResultLine[] {
  const [yes = 0] = sums;
  const all = type.kind === 'yesNo' ? [counted - yes, yes] : sums;
  return labels.map((label, at) => ({ label, sum: all[at] ?? 0 }));
}
