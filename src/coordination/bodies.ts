/**
 * Owns what may be said about collaborations: the bodies of their commands, by kind.
 * Must never hold a secret: every participant reads them.
 *
 * `attempt` is the run that a fact belongs to, from 1: after a `rerun` an old fact told again changes nothing.
 */
import { z } from 'zod';
import { descriptorSchema } from './descriptor.ts';
import { reportSchema as report } from './report.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const collaboration = z.string().regex(/^[0-9a-f]{20}$/);
const attempt = z.int().min(1);
/**
 * What the author saw (`versionOf`), where it insists on that: one of these, or the command is refused. Decided where the command is
 * applied, so that of two who saw the same and ask different replicas one is too late.
 */
const seen = z
  .array(z.string().regex(/^[0-9a-f]{32}$/))
  .min(1)
  .max(8)
  .optional();
const name = z.string().regex(/^[a-z0-9_-]{1,64}$/);
const replica = z.string().regex(/^[0-9a-f]{16}$/);
/** A web address that is told of changes: everybody sees it. Which hosts may be told is each coordinator's own setting. */
const endpoint = z
  .string()
  .max(500)
  .regex(/^https?:\/\/[^\s/?#@\\]+[^\s?#@\\]*$/);

export const collaborationBodies = [
  /** A party opens a collaboration; the descriptor names all who take part, and is fixed. */
  z.strictObject({ kind: z.literal('create'), descriptor: descriptorSchema }),
  /**
   * A party says that it takes part as the descriptor names it (one party may say both). It sends nothing yet and promises
   * nothing: what counts is its own `approve`. Said again it replaces `notify`: where the party is told of every change of
   * status (`PUT <notify>/notify/<collaboration>`); without it the party is told no more.
   */
  z.strictObject({
    kind: z.literal('register'),
    collaboration,
    as: z.enum(['input', 'output']),
    notify: endpoint.optional(),
    seen,
  }),
  /** A party agrees to the descriptor of that digest: its own signature, never anyone's for it. */
  z.strictObject({ kind: z.literal('approve'), collaboration, attempt, descriptor: digest }),
  /**
   * A party takes back what it said before the run has started: its registration, and for this attempt its approval and its
   * rows, which both servers destroy. Those that are left go on if the descriptor's minimum allows it; else it fails.
   */
  z.strictObject({ kind: z.literal('withdraw'), collaboration, attempt, seen }),
  /** A server has its tape. */
  z.strictObject({ kind: z.literal('randomnessReady'), collaboration, attempt }),
  /** An input party has handed its masked rows to both servers; `rows` is the digest of the masked bytes. */
  z.strictObject({ kind: z.literal('uploaded'), collaboration, attempt, rows: digest }),
  /**
   * A coordinator saw the time pass in which input parties are waited for (`minimum` in the descriptor): whoever has not
   * uploaded is left out, and it starts with the others if they are enough.
   */
  z.strictObject({ kind: z.literal('close'), collaboration, attempt }),
  /** A server ties its tape to one descriptor, input set and attempt, before it opens anything. */
  z.strictObject({ kind: z.literal('bound'), collaboration, attempt, binding: digest }),
  /** A server holds its half of the result; `outputs` is the digest of the masked results, equal on both. */
  z.strictObject({ kind: z.literal('resultStored'), collaboration, attempt, outputs: digest }),
  /** An output party has combined its result. */
  z.strictObject({ kind: z.literal('received'), collaboration, attempt }),
  /** A participant cannot go on. */
  z.strictObject({ kind: z.literal('fail'), collaboration, attempt, reason: report }),
  /** The creator takes the collaboration back before it started. */
  z.strictObject({ kind: z.literal('cancel'), collaboration, seen }),
  /** A coordinator saw the deadline pass. */
  z.strictObject({ kind: z.literal('expire'), collaboration }),
  /**
   * The creator asks for the next attempt, on a new tape and new uploads: after one that failed, or, as often as the
   * descriptor's `reruns` allow, after one whose result every receiver has. `attempt` is the new one's number.
   */
  z.strictObject({ kind: z.literal('rerun'), collaboration, attempt, seen }),
  /** A replica of the coordinator, by a name it chose, begins to tell a party's endpoint what is outstanding. */
  z.strictObject({ kind: z.literal('claimNotices'), collaboration, party: name, by: replica }),
  /** It has told the endpoint of every change up to that entry of the log, or given that up (`undelivered`). */
  z.strictObject({
    kind: z.literal('noticesSent'),
    collaboration,
    party: name,
    upTo: z.int().min(1),
    undelivered: z.literal(true).optional(),
  }),
] as const;

export type CommandBody = z.infer<(typeof collaborationBodies)[number]>;
export type CommandKind = CommandBody['kind'];
