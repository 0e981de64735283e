/**
 * Owns what the log knows of results: which there are, whose rows are in them, and how often later collaborations read them.
 * Must never be all that stands between a result and its use: the servers count by themselves, from their own stores.
 */
import { type ErrorReport, MpcError } from '../base/errors.ts';
import type { Collaboration, CollaborationsView } from './collaboration.ts';
import { type Descriptor, inputParties, partsOfResultId, resultId, sourceParties } from './descriptor.ts';

/** Ids of the results that the servers keep of a collaboration, by attempt. */
export function resultIds({
  id,
  status,
  lifecycle,
}: Pick<Collaboration, 'id' | 'status' | 'lifecycle'>): string[] {
  const { finished, attempt } = lifecycle.context;
  return (status === 'finished' ? [...finished, attempt] : finished).map((number) => resultId(id, number));
}

/** Names of the parties whose rows are in a result, sorted. Of an earlier attempt the log has forgotten who came: all may be. */
function partiesIn({ descriptor, lifecycle }: Collaboration, attempt: number): string[] {
  const { context } = lifecycle;
  const brought = attempt === context.attempt ? Object.keys(context.uploads) : inputParties(descriptor);
  return [...new Set([...brought, ...sourceParties(descriptor)])].sort();
}

/** Whose rows are in a result. Throws `result.unknown`. */
export function partiesOfResult(state: Pick<CollaborationsView, 'collaboration'>, result: string): string[] {
  const { collaboration, attempt } = partsOfResultId(result);
  const made = state.collaboration(collaboration);
  if (made === undefined || !resultIds(made).includes(result)) throw MpcError.from(unknown(result));
  return partiesIn(made, attempt);
}

const unknown = (result: string): ErrorReport => ({
  code: 'result.unknown',
  message: `there is no result ${result}`,
  hint: 'wait until its collaboration has finished, or correct the id',
});

/** Runs that read a result or still may. One that ended without a result of its own told nobody anything. */
function usesOf(state: CollaborationsView, result: string): number {
  return state.collaborations().reduce((sum, { descriptor, status, lifecycle }) => {
    if (!descriptor.sources.some((source) => source.result === result)) return sum;
    const hasEnded = ['failed', 'expired', 'cancelled'].includes(status);
    return sum + lifecycle.context.finished.length + (hasEnded ? 0 : 1);
  }, 0);
}

/** Why a collaboration may not read the results that its descriptor names once more; undefined when it may. */
export function objectionToSources(
  state: CollaborationsView,
  { sources }: Pick<Descriptor, 'sources'>,
): ErrorReport | undefined {
  for (const { result, parties } of sources) {
    const { collaboration, attempt } = partsOfResultId(result);
    const made = state.collaboration(collaboration);
    if (made === undefined || !resultIds(made).includes(result)) return unknown(result);
    const missing = partiesIn(made, attempt).filter((party) => !parties.includes(party));
    if (missing.length > 0)
      return {
        code: 'result.approver-missing',
        message: `rows of ${missing.slice(0, 8).join(', ')} are in the result ${result}, but nobody asks them`,
        hint: 'name every party whose rows are in a result that is read',
      };
    const { resultUses } = made.descriptor;
    if (usesOf(state, result) >= resultUses)
      return {
        code: 'result.used-up',
        message:
          resultUses === 0
            ? `the parties of the result ${result} have agreed to no further use`
            : `the result ${result} may be read by ${resultUses} later runs, and there are as many`,
        hint: 'create the collaboration that makes it anew, with more resultUses for its parties to approve',
      };
  }
  return undefined;
}
