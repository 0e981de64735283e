/**
 * Owns what the tests of a collaboration's life say: one collaboration, and every fact that its log may tell of it.
 */
import { collaborationChart } from '../../roles/collaboration.ts';
import type { LifecycleEvent } from '../../src/coordination/lifecycle.ts';

export const input = {
  descriptor: 'D',
  creator: 'party-city',
  inputs: ['bolt', 'acme'],
  outputs: ['city'],
  approvers: [],
  minimum: null,
  reruns: 0,
};
const reason = { code: 'x', message: 'x' };
export const approve = (party: string): LifecycleEvent => ({
  type: 'approve',
  author: `party-${party}`,
  attempt: 1,
  descriptor: 'D',
});
export const uploaded = (party: string, rows = 'R'): LifecycleEvent => ({
  type: 'uploaded',
  author: `party-${party}`,
  attempt: 1,
  rows,
});
export const tape = (author: string): LifecycleEvent => ({ type: 'randomnessReady', author, attempt: 1 });
export const bound = (author: string, binding = 'B'): LifecycleEvent => ({
  type: 'bound',
  author,
  attempt: 1,
  binding,
});
export const stored = (author: string, outputs = 'O'): LifecycleEvent => ({
  type: 'resultStored',
  author,
  attempt: 1,
  outputs,
});
export const received = (party: string): LifecycleEvent => ({
  type: 'received',
  author: `party-${party}`,
  attempt: 1,
});
export const fail = (author: string): LifecycleEvent => ({ type: 'fail', author, attempt: 1, reason });
export const register = (party: string, as: 'input' | 'output', notify?: string): LifecycleEvent => ({
  type: 'register',
  author: `party-${party}`,
  as,
  ...(notify === undefined ? {} : { notify }),
});
export const withdraw = (party: string): LifecycleEvent => ({
  type: 'withdraw',
  author: `party-${party}`,
  attempt: 1,
});
export const close: LifecycleEvent = { type: 'close', author: 'coordinator', attempt: 1 };
export const rerun = (attempt: number): LifecycleEvent => ({ type: 'rerun', author: 'party-city', attempt });
export const cancel: LifecycleEvent = { type: 'cancel', author: 'party-city' };
export const expire: LifecycleEvent = { type: 'expire', author: 'coordinator' };

/** A whole life, with the status after each fact. */
export const whole: readonly [LifecycleEvent, string][] = [
  [tape('server-a'), 'open'],
  [approve('acme'), 'registering'],
  [uploaded('acme'), 'registering'],
  [approve('bolt'), 'collecting'],
  [uploaded('bolt'), 'collecting'],
  [bound('server-a'), 'collecting'],
  [tape('server-b'), 'ready'],
  [bound('server-b'), 'running'],
  [stored('server-b'), 'running'],
  [approve('city'), 'running'],
  [stored('server-a'), 'finished'],
  [received('city'), 'finished'],
];

/** Plays more events from the start. */
export function lived(changes: Partial<typeof input> | object, ...events: readonly LifecycleEvent[]) {
  return events.reduce(
    ({ snapshot, codes }, event) => {
      const step = collaborationChart.step(snapshot, event);
      return {
        snapshot: step.snapshot,
        codes: [...codes, step.refusal?.code.replace('collaboration.', '') ?? 'ok'],
      };
    },
    { snapshot: collaborationChart.initial({ ...input, ...changes }), codes: [] as string[] },
  );
}
