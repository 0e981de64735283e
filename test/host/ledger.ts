/**
 * Owns the small machine that the host's tests run: it writes numbers down, says each once, and has work done for some.
 */
import { assign, fromPromise, setup } from 'xstate';

export type LedgerEvent =
  | { type: 'add'; n: number }
  | { type: 'work'; n: number }
  | { type: 'emitted'; n: number }
  | { type: 'skip' }
  | { type: 'close' };

const chart = setup({
  types: {
    context: {} as { seen: number[]; done: number[]; emitted: number; failed: string | null },
    events: {} as LedgerEvent,
    input: {} as { start: number[] },
  },
  actors: {
    job: fromPromise<number, { n: number }>(async () => {
      throw new Error('the host runs effects');
    }),
  },
  guards: { isNext: ({ context, event }) => 'n' in event && event.n === context.seen.length },
  actions: {
    write: assign({
      seen: ({ context, event }) => ('n' in event ? [...context.seen, event.n] : context.seen),
    }),
    finish: assign({ done: ({ context }, params: { n: number }) => [...context.done, params.n] }),
    countEmitted: assign({ emitted: ({ context }) => context.emitted + 1 }),
    blame: assign({ failed: (_, params: { code: string }) => params.code }),
    say: (_, _params: { n: number; total: number }) => {},
  },
});

export const ledgerMachine = chart.createMachine({
  id: 'ledger',
  meta: { ignores: ['rumour.*'] },
  context: ({ input }) => ({ seen: input.start, done: [], emitted: 0, failed: null }),
  initial: 'idle',
  states: {
    idle: {
      on: {
        add: {
          guard: 'isNext',
          actions: [
            'write',
            {
              type: 'say',
              params: ({ context, event }) => ({
                n: event.n,
                total: context.seen.reduce((a, b) => a + b, 0),
              }),
            },
          ],
        },
        work: { guard: 'isNext', target: 'working', actions: 'write' },
        close: 'closed',
      },
    },
    working: {
      invoke: {
        id: 'job',
        src: 'job',
        input: ({ context }) => ({ n: context.seen.length - 1 }),
        onDone: {
          target: 'idle',
          actions: [
            { type: 'finish', params: ({ event }) => ({ n: event.output }) },
            {
              type: 'say',
              params: ({ event, context }) => ({ n: event.output, total: -context.done.length }),
            },
          ],
        },
        onError: {
          target: 'idle',
          actions: {
            type: 'blame',
            params: ({ event }) => ({ code: (event.error as { code: string }).code }),
          },
        },
      },
      on: { emitted: { actions: 'countEmitted' }, skip: 'idle', close: 'closed' },
    },
    closed: { type: 'final', entry: { type: 'say', params: { n: -1, total: 0 } } },
  },
});
