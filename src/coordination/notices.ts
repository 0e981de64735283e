/**
 * Owns what is outstanding for the endpoints that parties want to be told at: which changes, and which replica tells them.
 * Must never be more than a hint to look: the log says what happened, and whoever is not told can ask.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { CommandBody } from './bodies.ts';
import type { Collaboration, Notices, Outstanding } from './collaboration.ts';

/** How long a replica may work on an endpoint before another takes over. */
export const CLAIM_MS = 60_000;
/** Changes kept for an endpoint that does not answer; the oldest go first, the last one says how it stands. */
const MOST_PENDING = 64;

export type NoticeBody = Extract<CommandBody, { kind: 'claimNotices' | 'noticesSent' }>;

export const isNoticeBody = (body: { readonly kind: string }): body is NoticeBody =>
  body.kind === 'claimNotices' || body.kind === 'noticesSent';

/** The notices after a change of status: one more for every endpoint there is now. */
export function noticesAfter(
  before: Notices,
  now: Pick<Collaboration, 'status' | 'lifecycle'>,
  at: { readonly sequence: number; readonly timeMs: number },
): Notices {
  const { status, lifecycle } = now;
  const added = { ...at, status };
  return Object.fromEntries(
    Object.keys(lifecycle.context.endpoints).map((party): [string, Outstanding] => {
      const { pending = [], claim } = before[party] ?? {};
      // Several commands may share an entry: what it left is what is told.
      const earlier = pending.filter(({ sequence }) => sequence < at.sequence).slice(1 - MOST_PENDING);
      return [party, { pending: [...earlier, added], ...(claim === undefined ? {} : { claim }) }];
    }),
  );
}

/** What a replica says of them. */
export function noticesSaid(
  { notices }: Pick<Collaboration, 'notices'>,
  body: NoticeBody,
  timeMs: number,
): { readonly notices: Notices } | { readonly refusal: ErrorReport } {
  const known = notices[body.party];
  if (known === undefined || known.pending.length === 0)
    return refuse('nothing', 'nothing is outstanding for it', 'follow the log to its end');
  const { pending, claim } = known;
  if (body.kind === 'noticesSent') {
    const left = pending.filter(({ sequence }) => sequence > body.upTo);
    const kept = left.length === 0 || claim === undefined ? {} : { claim };
    return { notices: { ...notices, [body.party]: { pending: left, ...kept } } };
  }
  if (claim !== undefined && claim.by !== body.by && claim.untilMs > timeMs)
    return refuse('claimed', 'another replica tells it', 'wait until its claim is over');
  const mine = { by: body.by, untilMs: timeMs + CLAIM_MS };
  return { notices: { ...notices, [body.party]: { pending, claim: mine } } };
}

const refuse = (code: string, message: string, hint: string) => ({
  refusal: { code: `notices.${code}`, message, hint },
});
