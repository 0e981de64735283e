/**
 * Owns what a verified command does to the collaborations: the change, or the typed reason why there is none.
 * Must never change anything itself, nor depend on more than its arguments.
 */
import { canonicalJson, type Json } from '../base/canonical.ts';
import { type ErrorReport, MpcError } from '../base/errors.ts';
import type { CommandBody } from './bodies.ts';
import type { Moment, Said } from './chapter.ts';
import { type Collaboration, type CollaborationsView, inputDeadlineMs, versionOf } from './collaboration.ts';
import {
  checkDescriptor,
  collaborationId,
  type Descriptor,
  descriptorDigest,
  inputParties,
  participantsOf,
  sourceParties,
} from './descriptor.ts';
import {
  ENDED,
  type LifecycleChart,
  type LifecycleEvent,
  type LifecycleSnapshot,
  lifecycleEvent,
  type StepBody,
} from './lifecycle.ts';
import { isNoticeBody, type NoticeBody, noticesAfter, noticesSaid } from './notices.ts';
import type { Trust } from './records.ts';
import { objectionToSources } from './sources.ts';

/** Collaborations kept. Past it, those that ended and whose deadline passed are forgotten first. */
export const KEPT_COLLABORATIONS = 4096;
/** Collaborations of one creator that have not ended: no party may fill the log's state for the others. */
export const OPEN_PER_CREATOR = 256;

export interface CollaborationRules {
  readonly trust: Trust;
  readonly chart: LifecycleChart;
}

type Saying = Pick<Said<CommandBody>, 'author' | 'vouched' | 'body'>;

/** Said by whichever replica of the coordinator sees a time pass. */
const BY_THE_COORDINATOR: readonly string[] = ['expire', 'close'];

export interface Decision {
  readonly refusal?: ErrorReport;
  readonly before?: Collaboration;
  /** The collaboration to keep instead. */
  readonly put?: Collaboration;
  readonly forget: readonly string[];
}

type Create = Extract<CommandBody, { kind: 'create' }>;

export function decide(
  rules: CollaborationRules,
  state: CollaborationsView,
  command: Saying,
  at: Moment,
): Decision {
  const { body } = command;
  if (body.kind === 'create') return decideCreate(rules, state, command, body, at.timeMs);
  if (isNoticeBody(body)) return decideNotices(state, command, body, at.timeMs);
  return decideStep(rules, state, command, body, at);
}

/** Replicas of the coordinator say among themselves who tells which endpoint. */
function decideNotices(
  state: CollaborationsView,
  { author }: Saying,
  body: NoticeBody,
  timeMs: number,
): Decision {
  const before = state.collaboration(body.collaboration);
  if (before === undefined) return unknown(body.collaboration);
  if (author !== 'coordinator') return { ...notAllowed(author, body.kind), before };
  const said = noticesSaid(before, body, timeMs);
  if ('refusal' in said) return { refusal: said.refusal, before, forget: [] };
  return { before, put: { ...before, notices: said.notices }, forget: [] };
}

function decideStep(
  rules: CollaborationRules,
  state: CollaborationsView,
  command: Saying,
  body: StepBody,
  at: Moment,
): Decision {
  const { timeMs } = at;
  const before = state.collaboration(body.collaboration);
  if (before === undefined) return unknown(body.collaboration);
  const author = command.author;
  const { descriptor } = before;
  const allowed = BY_THE_COORDINATOR.includes(body.kind)
    ? author === 'coordinator'
    : participantsOf(descriptor).includes(author);
  if (!allowed) return { ...notAllowed(author, body.kind), before };
  if ('seen' in body && body.seen?.includes(versionOf(before)) === false)
    return { refusal: CHANGED, before, forget: [] };
  const untimely = objectionToTime(before, body, timeMs);
  if (untimely !== undefined) return { ...untimely, before };
  const objection = body.kind === 'rerun' ? objectionToSources(state, descriptor) : undefined;
  if (objection !== undefined) return { refusal: objection, before, forget: [] };
  const { lifecycle, refusal } = stepped(rules, before.lifecycle, lifecycleEvent(command, body));
  if (refusal !== undefined) return { refusal, before, forget: [] };
  const status = rules.chart.status(lifecycle);
  const isAnother = lifecycle.context.attempt > before.lifecycle.context.attempt;
  const put = {
    ...before,
    changedMs: timeMs,
    ...(isAnother ? { startedMs: timeMs } : {}),
    lifecycle,
    status,
    notices:
      status === before.status ? before.notices : noticesAfter(before.notices, { status, lifecycle }, at),
  };
  return { before, put, forget: [] };
}

/** What only log time, which is the same for all, can decide. */
function objectionToTime(
  before: Collaboration,
  { kind }: StepBody,
  timeMs: number,
): (Decision & { readonly refusal: ErrorReport }) | undefined {
  const { deadlineMs } = before.descriptor;
  const inputsUntilMs = inputDeadlineMs(before);
  if (kind === 'expire' && timeMs < deadlineMs)
    return refuse('collaboration.not-expired', 'its deadline has not passed in log time', 'ask again later');
  if (kind === 'close' && inputsUntilMs !== undefined && timeMs < inputsUntilMs)
    return refuse('collaboration.not-closed', 'its input parties are still waited for', 'ask again later');
  if (kind === 'rerun' && timeMs >= deadlineMs)
    return refuse('collaboration.deadline-passed', 'its deadline has passed', 'create a new collaboration');
  return undefined;
}

/** A chart that fails on an entry fails on every replica, for ever: the entry is refused, so that the log can be read on. */
function stepped(
  { chart }: CollaborationRules,
  lifecycle: LifecycleSnapshot,
  event: LifecycleEvent,
): { readonly lifecycle: LifecycleSnapshot; readonly refusal?: ErrorReport } {
  try {
    const { snapshot, refusal } = chart.step(lifecycle, event);
    return refusal === undefined ? { lifecycle: plain(snapshot) } : { lifecycle, refusal };
  } catch {
    return {
      lifecycle,
      refusal: report(
        'collaboration.chart-fault',
        'the chart failed on this command',
        'report this as a fault of the program',
      ),
    };
  }
}

function decideCreate(
  rules: CollaborationRules,
  state: CollaborationsView,
  command: Saying,
  { descriptor }: Create,
  timeMs: number,
): Decision {
  const author = command.author;
  const digest = descriptorDigest(descriptor);
  const id = collaborationId(digest);
  const before = state.collaboration(id);
  if (before !== undefined)
    return {
      ...refuse(
        'collaboration.exists',
        `collaboration ${id} exists already`,
        'use it, or choose a new nonce',
      ),
      before,
    };
  if (!isParty(author) || !participantsOf(descriptor).includes(author)) return notAllowed(author, 'create');
  const fault = faultOf(rules, state, descriptor, timeMs);
  if (fault !== undefined) return { refusal: fault, forget: [] };
  const room = roomFor(state, author, timeMs);
  if (room.refusal !== undefined) return room;
  const lifecycle = plain(
    rules.chart.initial({
      descriptor: digest,
      creator: author,
      inputs: inputParties(descriptor),
      outputs: descriptor.outputs,
      approvers: sourceParties(descriptor),
      minimum: descriptor.minimum?.parties ?? null,
      reruns: descriptor.reruns,
    }),
  );
  const status = rules.chart.status(lifecycle);
  return {
    put: {
      id,
      digest,
      descriptor,
      creator: author,
      createdMs: timeMs,
      changedMs: timeMs,
      startedMs: timeMs,
      status,
      lifecycle,
      notices: {},
    },
    forget: room.forget,
  };
}

function faultOf(
  { trust }: CollaborationRules,
  state: CollaborationsView,
  descriptor: Descriptor,
  timeMs: number,
): ErrorReport | undefined {
  try {
    checkDescriptor(descriptor);
  } catch (error) {
    if (error instanceof MpcError) return error.report();
    throw error;
  }
  const foreign = participantsOf(descriptor).filter((address) => trust[address] !== descriptor.keys[address]);
  if (foreign.length > 0)
    return report(
      'descriptor.key-mismatch',
      `the key of ${foreign.slice(0, 8).join(', ')} is not the enrolled one`,
      'enrol it, or build the descriptor again',
    );
  if (descriptor.deadlineMs <= timeMs)
    return report('descriptor.deadline-passed', 'its deadline has passed already', 'choose a later deadline');
  return objectionToSources(state, descriptor);
}

/** An ended collaboration is forgotten only after its deadline: its `create`, told again, is refused from then on. */
function roomFor(state: CollaborationsView, creator: string, timeMs: number): Decision {
  const all = state.collaborations();
  const open = all.filter((item) => item.creator === creator && !ENDED.includes(item.status)).length;
  if (open >= OPEN_PER_CREATOR)
    return refuse(
      'collaboration.too-many',
      `${creator} has ${open} collaborations that have not ended`,
      'cancel some of them',
    );
  if (all.length < KEPT_COLLABORATIONS) return { forget: [] };
  const forget = all
    .filter((item) => ENDED.includes(item.status) && item.descriptor.deadlineMs <= timeMs)
    .sort((a, b) => a.changedMs - b.changedMs)
    .slice(0, 1 + all.length - KEPT_COLLABORATIONS)
    .map((item) => item.id);
  return forget.length > 0
    ? { forget }
    : refuse(
        'collaboration.no-room',
        `${all.length} collaborations are kept and none can be forgotten`,
        'wait until some have ended',
      );
}

const CHANGED: ErrorReport = {
  code: 'request.changed-meanwhile',
  message: 'it is not what you saw any more',
  hint: 'get it again, look at what has changed, and repeat with its new ETag',
};

const unknown = (id: string): Decision =>
  refuse('collaboration.unknown', `there is no collaboration ${id}`, 'check its id');

const isParty = (author: string): boolean => author.startsWith('party-');

/** The chart's snapshot as it would come back from a file: replicas that restarted must equal those that did not. */
const plain = (snapshot: LifecycleSnapshot): LifecycleSnapshot =>
  JSON.parse(canonicalJson(snapshot as unknown as Json));

const report = (code: string, message: string, hint: string): ErrorReport => ({ code, message, hint });

const refuse = (
  code: string,
  message: string,
  hint: string,
): Decision & { readonly refusal: ErrorReport } => ({
  refusal: report(code, message, hint),
  forget: [],
});

const notAllowed = (author: string, kind: string): Decision =>
  refuse(
    'command.not-allowed',
    `${author} may not say ${kind} here`,
    'only those the descriptor names may, each in its own part',
  );
