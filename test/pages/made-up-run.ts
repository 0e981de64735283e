/**
 * Owns a run as long as wanted, for tests and figures of the inspector's page: two servers that compute, a dealer, parties, and messages
 * between all of them.
 */
import { showInspector } from '../../bin/local/inspector.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Journal } from '../../src/inspect/journal.ts';
import type { FeedRecord } from '../../src/inspect/records.ts';

/** Shows a run, or one of that many events, for as long as `act` takes. */
export async function withShown<Result>(
  run: number | readonly FeedRecord[],
  act: (url: string) => Promise<Result>,
  deployment = 'test',
): Promise<Result> {
  const journal = new Journal(systemClock);
  journal.append(typeof run === 'number' ? madeUp(run) : run);
  const shown = await showInspector(journal, { deployment, isLive: false });
  try {
    return await act(shown.url);
  } finally {
    await shown.close();
  }
}

export function madeUp(count: number, ids: readonly string[] = ['0123456789abcdef0123']): FeedRecord[] {
  const roles = ['coordinator', 'dealer', 'server-a', 'server-b', 'party-acme', 'party-beta'];
  const numbers = new Map<string, number>();
  return Array.from({ length: count }, (_, index): FeedRecord => {
    const role = roles[index % roles.length] ?? 'dealer';
    const number = numbers.get(role) ?? 0;
    numbers.set(role, number + 1);
    const id = ids[Math.floor(number / 10) % ids.length] ?? '';
    const told = { role, start: '00000000000000ff', number, atMs: 1_800_000_000_000 + index * 20 };
    if (number % 5 !== 0) {
      const to = roles[(index * 7 + 1) % roles.length] ?? 'dealer';
      const subject = `mpc.test.${to}.${role}.channel.${id}.compute`;
      return {
        kind: 'messaged',
        ...told,
        way: 'out',
        subject,
        count: 1,
        bytes: 1000 + index,
        collaboration: id,
      };
    }
    const [machine, from, into, taken] = MADE_UP[role.replace(/-.*/, '')] ?? [
      'dealer',
      'idle',
      'dealing',
      'dealer.idle/always/1',
    ];
    const isRoot = machine === 'dealer';
    return {
      ...{
        kind: 'moved',
        ...told,
        machine,
        actor: isRoot ? machine : `${machine}:${id}`,
        collaboration: isRoot ? null : id,
      },
      ...{ event: 'boot', from: [from], to: number % 2 === 0 ? [into] : [from], taken: [taken] },
    };
  });
}

const MADE_UP: Readonly<Record<string, readonly [string, string, string, string]>> = {
  coordinator: ['collaboration', 'ready', 'running', 'collaboration.ready/always/1'],
  server: [
    'session',
    'compute.waitingForPeer',
    'compute.running',
    'session.compute.waitingForPeer/peer.back/0',
  ],
  party: ['participation', 'masking', 'uploading', 'participation.masking/xstate.done.actor.maskRows/0'],
};
