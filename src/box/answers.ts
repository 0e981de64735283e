/**
 * Owns a server's answers to what voters ask: about an election, and where a ballot stands.
 * Must never tell more than the log and the asker's own tracker allow.
 */
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { MpcError } from '../base/errors.ts';
import { stateOfLife } from '../election/life.ts';
import type { ElectionInfo } from '../election/receipts.ts';
import type { ElectionsView } from '../election/rows.ts';
import type { ElectionBox } from './election-box.ts';

const questionSchema = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('election') }),
  z.strictObject({ what: z.literal('ballot'), tracker: z.string().regex(/^[0-9a-f]{40}$/) }),
]);

export type Question = z.infer<typeof questionSchema>;

/** Throws `election.question`. */
export async function answerTo(
  view: ElectionsView,
  box: ElectionBox,
  election: string,
  data: Uint8Array,
): Promise<Uint8Array> {
  const question = questionSchema.safeParse(jsonOf(data));
  if (!question.success)
    throw new MpcError('election.question', 'a question that this version does not know', {
      hint: 'voter and servers must use the same version of mpc',
    });
  const answer =
    question.data.what === 'ballot' ? await box.standing(question.data.tracker) : infoOf(view, election);
  return utf8.encode(canonicalJson(answer as unknown as Json)); // their schemas' types: JSON
}

export function infoOf(view: ElectionsView, id: string): ElectionInfo | undefined {
  const election = view.election(id);
  const descriptor = view.descriptor(id);
  if (election === undefined || descriptor === undefined) return undefined;
  const { ready } = election.life.context;
  return {
    descriptor,
    status: stateOfLife(election.life),
    voters: election.voters,
    ballots: election.ballots,
    sealingKeys: Object.fromEntries(
      Object.entries(ready).map(([server, { sealingKey, signature }]) => [
        server,
        { key: sealingKey, signature },
      ]),
    ),
  };
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(data));
  } catch {
    return undefined;
  }
}
