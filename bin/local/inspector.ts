/**
 * Owns the inspector on this machine: what it hears of a deployment's roles, and the page that shows it, on the loopback alone.
 */
import { fileURLToPath } from 'node:url';
import type { AnyStateMachine } from 'xstate';
import { machinesByRole } from '../../roles/index.ts';
import { readPage } from '../../src/api/http/page-files.ts';
import { openInspector } from '../../src/api/inspector/open.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats, type NatsOptions } from '../../src/bus/nats.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { chartCache, placedChart } from '../../src/inspect/cache.ts';
import { chartOf, compact } from '../../src/inspect/chart.ts';
import { Journal } from '../../src/inspect/journal.ts';
import { listenToFeeds } from '../../src/inspect/listener.ts';
import type { ChartLine, ChartNode, PlacedChart } from '../../src/inspect/shapes.ts';
import type { InspectorView } from '../../src/inspect/view.ts';

export interface WatchOptions {
  readonly access: Pick<NatsOptions, 'servers' | 'tls'>;
  readonly deployment: string;
  readonly me: Address;
  readonly identity: Identity;
  /** Addresses of everyone who may tell something. */
  readonly roles: readonly string[];
  readonly signal: AbortSignal;
}

/** Hears everything that the roles tell this one from now on, and what they still keep. */
export async function watchRoles(
  options: WatchOptions,
): Promise<{ journal: Journal; stop(): Promise<void> }> {
  const { access, deployment, me, identity, roles, signal } = options;
  const bus = await connectNats({ ...access, name: me, identity, signal });
  const journal = new Journal(systemClock);
  const listening = listenToFeeds({
    bus,
    deployment,
    me,
    roles: roles as Address[], // a configuration's [trust] is by address
    clock: systemClock,
    onRecords: (records) => journal.hear(records),
    onTrouble: ({ message }) => process.stderr.write(`a role told what is no record: ${message}\n`),
  });
  return {
    journal,
    stop: async () => {
      await bus.close(); // hears out what is on its way: the last that roles say as they end
      listening.unsubscribe();
    },
  };
}

/** Resolves with the page's address, which holds the token. */
export async function showInspector(
  journal: Journal,
  about: Pick<InspectorView, 'deployment' | 'isLive'>,
): Promise<{ url: string; close(): Promise<void> }> {
  const token = Buffer.from(systemRandom(32)).toString('base64url');
  const face = await openInspector({
    view: { ...about, charts: await allCharts(), lines: allLines(), machines: machineNames() },
    journal,
    page: readPage(pageFolder()),
    token,
    onTrouble: ({ message }) => process.stderr.write(`the inspector: ${message}\n`),
  });
  const url = await face.listen({ host: '127.0.0.1', port: 0 });
  return { url: `${url}/page/#token=${token}`, close: () => face.close() };
}

/** Beside the bundle, or in the checkout's. */
function pageFolder(): string {
  const place = import.meta.url.endsWith('.ts') ? '../../dist/pages/inspector' : './pages/inspector';
  return fileURLToPath(new URL(place, import.meta.url));
}

const allMachines = (): Map<string, AnyStateMachine> =>
  new Map(Object.values(machinesByRole).flatMap((byName) => Object.entries<AnyStateMachine>(byName)));

function allLines(): Record<string, readonly ChartLine[]> {
  const linesOf = (node: ChartNode): [string, readonly ChartLine[]][] => [
    [node.id, node.lines],
    ...node.children.flatMap(linesOf),
  ];
  return Object.fromEntries([...allMachines().values()].flatMap((machine) => linesOf(chartOf(machine).root)));
}

async function allCharts(): Promise<Record<string, PlacedChart>> {
  const cache = chartCache(process.env);
  const placed = await Promise.all(
    [...allMachines()].map(
      async ([name, machine]) => [name, await placedChart(compact(chartOf(machine)), cache)] as const,
    ),
  );
  return Object.fromEntries(placed);
}

function machineNames(): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(machinesByRole).map(([role, byName]) => [role, Object.keys(byName)]),
  );
}

/** Resolves with the first SIGINT or SIGTERM. */
export function interrupted(): Promise<MpcError> {
  return new Promise((resolve) => {
    const asked = (): void => resolve(new MpcError('inspect.interrupted', 'interrupted'));
    process.once('SIGINT', asked);
    process.once('SIGTERM', asked);
  });
}
