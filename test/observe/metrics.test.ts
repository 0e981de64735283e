/**
 * Owns the promises about metrics: what is read is what is, the number of series is bounded, and the pages say ready or why not.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openEndpoint } from '../../src/observe/endpoint.ts';
import { newMeters } from '../../src/observe/logger.ts';
import { openMetrics } from '../../src/observe/metrics.ts';
import type { Vitals } from '../../src/observe/vitals.ts';

const facts = {
  randomness: ['server-a'],
  bound: {},
  approvers: [],
  approvals: [],
  inputs: [],
  withdrawn: [],
  uploads: {},
};
const one = (status: string) =>
  // Only what is read of one.
  ({ status, lifecycle: { context: { ...facts, closed: false } }, descriptor: { outputs: [] } }) as never;

/** An election of that many ballots, one of which did not hold. */
const election = (status: string, counted: number, fragments: object) =>
  ({
    status,
    progress: {
      'server-a': { held: 1, verified: 1, rejected: 1 },
      'server-b': { held: 1, verified: 1, rejected: 9 },
    },
    life: { context: { seals: { 'server-a': { counted } }, fragments } },
  }) as never;

const METERS = {
  rounds: 17,
  ballots: { taken: 12, refused: new Map([['election.not-its-voter', 2]]) },
};

const VITALS: Vitals = {
  bus: { isConnected: true, reconnects: 3, sentBytes: 1000, receivedBytes: 2000 },
  sequence: 40,
  isCaughtUp: true,
  isDraining: false,
  states: ['serving.withPeer'],
  collaborations: () => [one('collecting'), one('collecting'), one('failed')],
  elections: () => [
    election('published', 7, { 'server-a': 'x', 'server-b': 'y', 'server-c': 'z' }),
    election('tallying', 5, { 'server-b': 'y' }),
  ],
};

const sources = (troubles: ReadonlyMap<string, number>, ends?: number) => ({
  me: 'server-a',
  vitals: () => VITALS,
  logEnds: async () => ends,
  troubles,
  load: () => ({ actors: 5, events: 1, undelivered: 2 }),
  meters: METERS,
});

/** Name with labels (but the role's) to value. */
function series(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(.+) ([^ ]+)$/.exec(line) ?? [];
      return [name.replace(/,?role="server-a",?/, '').replace('{}', ''), Number(value)];
    }),
  );
}

test('metrics say what a role has counted', async () => {
  const text = await openMetrics(sources(new Map([['channel.bad-seal', 4]]), 42)).metrics();
  const read = series(text);
  const expected: Readonly<Record<string, number>> = {
    mpc_ready: 1,
    mpc_connected: 1,
    mpc_reconnects_total: 3,
    mpc_sent_bytes_total: 1000,
    mpc_received_bytes_total: 2000,
    'mpc_refused_total{reason="channel.bad-seal"}': 4,
    mpc_log_sequence: 40,
    mpc_log_lag: 2,
    'mpc_collaborations{state="collecting"}': 2,
    'mpc_collaborations{state="failed"}': 1,
    'mpc_collaborations_waiting{for="randomness"}': 2,
    mpc_tapes_in_stock: 2,
    mpc_rounds_total: 17,
    'mpc_elections{state="published"}': 1,
    'mpc_elections{state="tallying"}': 1,
    mpc_ballots_taken_total: 12,
    'mpc_ballots_refused_total{reason="election.not-its-voter"}': 2,
    mpc_ballots_rejected: 2,
    mpc_ballots_tallied: 7,
    mpc_actors: 5,
    mpc_events_in_hand: 1,
    mpc_outbox: 2,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(read.get(name), value, name);
  assert.ok([...read.keys()].some((name) => name.startsWith('nodejs_eventloop_lag_seconds')));
});

test('what cannot be read is absent, and read again it is not counted twice', async () => {
  const registry = openMetrics(sources(new Map([['bus.trouble', 1]])));
  await registry.metrics();
  const read = series(await registry.metrics());
  assert.equal(read.has('mpc_log_lag'), false, 'nobody knows where the log ends');
  assert.equal(read.get('mpc_rounds_total'), 17);
  assert.equal(read.get('mpc_refused_total{reason="bus.trouble"}'), 1);
});

test('who holds no box has no ballots to tell of', async () => {
  const dealer = { ...sources(new Map()), me: 'dealer', meters: newMeters() };
  const text = await openMetrics(dealer).metrics();
  assert.match(text, /^mpc_elections\{/m);
  assert.doesNotMatch(text, /mpc_ballots/);
});

test('whoever invents codes invents no series', async () => {
  const invented = new Map(Array.from({ length: 5000 }, (_, index) => [`made.up-${index}`, 1]));
  invented.set('Not"A{Code}', 1);
  const letters = new Map(
    [...invented.keys()].map((_, index) => [
      `made.${'abcdefghij'[index % 10]}${'x'.repeat(index % 40)}${'abcdefghij'[((index / 40) % 10) | 0]}`,
      1,
    ]),
  );
  const read = series(await openMetrics(sources(new Map([...invented, ...letters]))).metrics());
  const reasons = [...read.keys()].filter((name) => name.startsWith('mpc_refused_total'));
  assert.ok(reasons.length > 1 && reasons.length <= 101, `${reasons.length} series`);
  assert.ok((read.get('mpc_refused_total{reason="other"}') ?? 0) >= 5000);
});

test('the pages answer: metrics, alive, ready or why not; and nothing else', async () => {
  let why: string | undefined = 'waiting for a broker';
  const endpoint = await openEndpoint({
    host: '127.0.0.1',
    port: 0,
    metrics: openMetrics(sources(new Map())),
    whyNotReady: () => why,
    whyNotAlive: async () => undefined,
  });
  try {
    const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
      const response = await fetch(`${endpoint.url}${path}`, { method });
      return [response.status, (await response.text()).trim()];
    };
    assert.deepEqual(await get('/readyz'), [503, 'waiting for a broker']);
    why = undefined;
    assert.deepEqual(await get('/readyz'), [200, 'ok']);
    assert.deepEqual(await get('/healthz'), [200, 'ok']);
    assert.match((await get('/metrics'))[1], /^# HELP mpc_ready /m);
    assert.equal((await get('/metrics', 'POST'))[0], 405);
    assert.equal((await get('/else'))[0], 404);
  } finally {
    await endpoint.close();
  }
  await assert.rejects(fetch(endpoint.url), 'it is closed');
});
