/**
 * Owns the words of the chapter of elections: who may say what, how a command looks to the chart, and how a refusal is put.
 * Must never look at the tables.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { Verdict } from '../coordination/chapter.ts';
import type { ElectionBody } from './bodies.ts';
import type { LifeEvent } from './life.ts';
import type { Election } from './rows.ts';

export function eventOf(
  author: string,
  body: Extract<
    ElectionBody,
    { kind: `election.${'ready' | 'keyed' | 'close' | 'sealed' | 'cancel' | 'fail'}` }
  >,
  isDue: boolean,
): LifeEvent {
  switch (body.kind) {
    case 'election.ready':
      return { type: 'ready', author, sealingKey: body.sealingKey, signature: body.signature };
    case 'election.keyed':
      return { type: 'keyed', author, commitment: body.commitment, sealed: stringsOf(body.sealed) };
    case 'election.close':
      return { type: 'close', author, isDue };
    case 'election.sealed': {
      const { root, counted, rejected, history } = body;
      return { type: 'sealed', author, root, counted, rejected, history };
    }
    case 'election.cancel':
      return { type: 'cancel', author };
    case 'election.fail':
      return { type: 'fail', author, reason: body.reason as ErrorReport }; // JSON: optional means absent, never undefined
  }
}

const stringsOf = (record: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );

export const SAID_BY: Readonly<Record<ElectionBody['kind'], 'registrar' | 'server' | 'both'>> = {
  'election.create': 'registrar',
  'election.eligible': 'registrar',
  'election.ready': 'server',
  'election.keyed': 'server',
  'election.open': 'registrar',
  'election.boxed': 'server',
  'election.held': 'server',
  'election.verified': 'server',
  'election.close': 'both',
  'election.flushed': 'server',
  'election.sealed': 'server',
  'election.tallied': 'server',
  'election.cancel': 'registrar',
  'election.fail': 'server',
};

export function withProgress(
  election: Election,
  server: string,
  progress: Election['progress'][string],
): Election {
  return { ...election, progress: { ...election.progress, [server]: progress } };
}

export const NOT_YOURS =
  'the registrar says who votes, opens, closes and cancels; the three servers do the rest';

export const report = (code: string, message: string, hint: string): ErrorReport => ({
  code: `election.${code}`,
  message,
  hint,
});
export const refuse = (code: string, message: string, hint: string): Verdict => ({
  refusal: report(code, message, hint),
});
export const wrongState = ({ status }: Election, what: string): Verdict =>
  refuse('wrong-state', `${what}: the election is ${status}`, 'follow its state');
