/**
 * Owns what both faces answer about an election that is not there: 404, by its code.
 */
import { MpcError } from '../base/errors.ts';
import type { Election, ElectionsView } from '../election/rows.ts';

/** Throws `election.unknown`. */
export function knownElection(view: ElectionsView, id: string): Election {
  const election = view.election(id);
  if (election === undefined) throw unknownElection(id);
  return election;
}

export const unknownElection = (id: string): MpcError =>
  new MpcError('election.unknown', `there is no election ${id}`, {
    hint: 'GET /election lists all there are',
  });
