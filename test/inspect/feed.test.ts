/**
 * What roles tell an inspector: all of it, none of it twice, and nothing that a party brought.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { knownNames } from '../../bin/compose/watching.ts';
import { ownBroker } from '../../bin/local/own-broker.ts';
import { sessionMachine } from '../../roles/session.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { subjects } from '../../src/bus/subjects.ts';
import type { Effect } from '../../src/host/host.ts';
import { openHost } from '../../src/host/open.ts';
import { Feed } from '../../src/inspect/feed.ts';
import { Journal } from '../../src/inspect/journal.ts';
import { listenToFeeds } from '../../src/inspect/listener.ts';
import type { FeedRecord } from '../../src/inspect/records.ts';
import { readRun, recordTo } from '../../src/inspect/run-file.ts';
import { Story } from '../../src/inspect/story.ts';
import { watchedBus } from '../../src/inspect/watched-bus.ts';
import { openStore } from '../../src/store/store.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-feed-'));
const broker = await ownBroker(directory, undefined);
after(async () => {
  for (const bus of opened) await bus.close();
  await broker.stop();
  rmSync(directory, { recursive: true });
});

const DEPLOYMENT = 'test';
const ID = '0123456789abcdef0123';
const opened: Bus[] = [];
async function connect(name: string): Promise<Bus> {
  const bus = await connectNats({ servers: broker.url, name });
  opened.push(bus);
  return bus;
}

/** The broker knows everything that was subscribed to on this connection. */
async function settled(bus: Bus): Promise<void> {
  const subject = `mpc.${DEPLOYMENT}.settled.${randomBytes(8).toString('hex')}`;
  const echo = bus.subscribe(subject, ({ respond }) => respond?.(new Uint8Array(0)));
  await bus.request(subject, new Uint8Array(0), 60_000);
  echo.unsubscribe();
}
const feedOf = (role: 'server-a' | 'server-b', start = '00000000000000aa'): Feed =>
  new Feed({
    deployment: DEPLOYMENT,
    me: role,
    role,
    viewer: 'coordinator',
    start,
    clock: systemClock,
    names: knownNames(),
  });

/** Hears everything until the test is over. */
function listen(bus: Bus): {
  records: FeedRecord[];
  troubles: string[];
  until(holds: () => boolean): Promise<void>;
} {
  const [records, troubles]: [FeedRecord[], string[]] = [[], []];
  let check = (): void => {};
  listenToFeeds({
    bus,
    deployment: DEPLOYMENT,
    me: 'coordinator',
    roles: ['server-a', 'server-b'],
    clock: systemClock,
    onRecords: (heard) => {
      records.push(...heard);
      check();
    },
    onTrouble: ({ code }) => troubles.push(code),
  });
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      check = () => holds() && resolve();
      check();
    });
  return { records, troubles, until };
}

test('nothing of contexts, events, effects, errors and messages can reach the feed', {
  timeout: 120_000,
}, async () => {
  const canaries: string[] = [];
  const canary = (): string => {
    const made = randomBytes(9).toString('base64url');
    canaries.push(made);
    return made;
  };
  const [mine, theirs] = [await connect('server-a'), await connect('coordinator')];
  const heard: string[] = [];
  theirs.subscribe('>', ({ subject, data }) => {
    if (subject.endsWith('.feed')) heard.push(Buffer.from(data).toString());
  });
  await settled(theirs);
  const feed = feedOf('server-a');
  feed.open(mine);
  const bus = watchedBus(mine, feed, () => feed.close());
  const store = await openStore({ path: join(directory, 'role.sqlite') });
  const fails: Effect = async ({ actor, emit }) => {
    const progress = { type: 'progress', round: 1, rounds: 3, secret: canary() };
    feed.emitted(actor, 'session', progress);
    emit(progress);
    throw new Error(`row ${canary()} of ${canary()}`);
  };
  const effects = Object.fromEntries(
    [
      'checkDescriptor',
      'receiveTape',
      'collectInputs',
      'watchPeer',
      'compute',
      'storeResult',
      'serveResults',
      'awaitDeadline',
    ].map((name) => [name, fails]),
  );
  let ended: () => void = () => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const host = await openHost({
    store,
    clock: systemClock,
    random: systemRandom,
    machines: { session: sessionMachine },
    effects,
    deliveries: { submit: async () => {}, shred: async () => {} },
    onTransition: (transition) => {
      feed.moved(transition);
      if (transition.to.includes('failed')) ended();
    },
  });
  await host.start(`session:${ID}:1`, 'session', {
    collaboration: canary(),
    descriptor: canary(),
    attempt: 1,
    server: 'server-a',
    outputs: [canary(), canary()],
    deadlineMs: 1,
  });
  await end;
  await host.stop();
  await store.close();
  // What no chart knows, wherever a name is expected.
  feed.moved({
    actor: `session:${ID}:1`,
    machine: canary(),
    event: canary(),
    from: [canary()],
    to: [canary(), 'failed'],
    taken: [canary()],
  });
  feed.moved({ actor: canary(), machine: 'session', event: 'progress', from: [], to: [], taken: [] });
  feed.emitted(`session:${ID}:1`, canary(), { ...{ round: 2, rounds: 3 }, type: 'progress' });
  feed.stands({ actor: `session:${ID}:1`, machine: 'session', states: [canary()] });
  const bytes = (): Uint8Array => Buffer.from(canary());
  theirs.subscribe(subjects.submit(DEPLOYMENT, 'server-a'), ({ respond }) => respond?.(bytes()));
  bus.listen(subjects.channel(DEPLOYMENT, 'server-a', 'dealer', ID, 'tape'), () => {});
  bus.subscribe(subjects.hello(DEPLOYMENT, 'server-a', 'server-b'), ({ respond }) => respond?.(bytes()));
  await Promise.all([settled(mine), settled(theirs)]);
  await bus.request(subjects.submit(DEPLOYMENT, 'server-a'), bytes(), 30_000);
  await theirs.request(subjects.hello(DEPLOYMENT, 'server-a', 'server-b'), bytes(), 30_000);
  theirs.publish(subjects.channel(DEPLOYMENT, 'server-a', 'dealer', ID, 'tape'), bytes());
  bus.publish(subjects.channel(DEPLOYMENT, 'dealer', 'server-a', ID, 'tape'), bytes());
  bus.send(subjects.channel(DEPLOYMENT, 'dealer', 'server-a', ID, 'compute'), [bytes(), bytes()]);
  bus.publish(`mpc.${DEPLOYMENT}.${canary()}!.x`, bytes());
  await theirs.request(subjects.hello(DEPLOYMENT, 'server-a', 'server-b'), bytes(), 30_000);
  await bus.close(); // sends the rest
  const last = subjects.hello(DEPLOYMENT, 'coordinator', 'server-a');
  const barrier = new Promise<void>((resolve) => void theirs.subscribe(last, () => resolve()));
  await settled(theirs);
  const after = await connect('server-a');
  after.publish(last, new Uint8Array(0));
  await barrier;
  await after.close();
  await theirs.close();
  const text = heard.join('\n');
  const records = text.split('\n').map((line) => JSON.parse(line) as FeedRecord);
  for (const each of canaries) assert.ok(!text.includes(each), `${each} is in the feed`);
  assert.ok(canaries.length >= 20, `only ${canaries.length} canaries flew`);
  const kinds = records.map(({ kind }) => kind);
  for (const kind of ['moved', 'progressed', 'messaged'])
    assert.ok(kinds.includes(kind as FeedRecord['kind']), kind);
  assert.ok(
    records.some(
      (record) => record.kind === 'moved' && record.event === 'xstate.error.actor.checkDescriptor',
    ),
  );
  assert.ok(
    records.some(
      (record) => record.kind === 'moved' && record.event === 'other' && record.to.join() === 'failed',
    ),
  );
  const ways = new Set(records.flatMap((record) => (record.kind === 'messaged' ? record.way : [])));
  assert.deepEqual([...ways].sort(), ['answer', 'in', 'out']);
});

test('an inspector that comes late, or misses something, still hears everything once and in order', {
  timeout: 120_000,
}, async () => {
  const [mine, theirs] = [await connect('server-b'), await connect('coordinator')];
  const feed = feedOf('server-b');
  const tell = (): void =>
    feed.moved({
      actor: 'server',
      machine: 'server',
      event: 'boot',
      from: [],
      to: ['init.connecting'],
      taken: [],
    });
  for (let count = 0; count < 450; count++) tell();
  feed.open(mine);
  const viewer = listen(theirs);
  await settled(theirs);
  await viewer.until(() => viewer.records.length >= 450);
  // A batch that is lost on the way: the next one shows the gap.
  const lost = { ...mine, publish: () => {}, subscribe: mine.subscribe.bind(mine) };
  feed.close();
  feed.open(lost);
  tell();
  feed.close();
  feed.open(mine);
  tell();
  await viewer.until(() => viewer.records.length >= 452);
  assert.deepEqual(
    viewer.records.map(({ number }) => number),
    Array.from({ length: 452 }, (_, number) => number),
  );
  assert.deepEqual(viewer.troubles, []);
  feed.close();
  await mine.close();
  await theirs.close();
});

test('a role that speaks for another, or says what is no record, is not heard', {
  timeout: 120_000,
}, async () => {
  const [mine, theirs] = [await connect('server-a'), await connect('coordinator')];
  const viewer = listen(theirs);
  await settled(theirs);
  const honest = {
    kind: 'moved',
    role: 'server-a',
    start: '00000000000000ff',
    number: 0,
    atMs: 1,
    actor: 'server',
    machine: 'server',
    collaboration: null,
    event: 'boot',
    from: [],
    to: [],
    taken: [],
  };
  const say = (...values: object[]): void =>
    mine.publish(
      subjects.feed(DEPLOYMENT, 'coordinator', 'server-a'),
      Buffer.from(values.map((value) => JSON.stringify(value)).join('\n')),
    );
  say({ ...honest, role: 'server-b' });
  say({ ...honest, context: { rows: [1] } });
  say({ ...honest, event: '<script>' });
  say({ oldest: { role: 'server-b', start: honest.start, number: 7 } });
  say(honest);
  await viewer.until(() => viewer.records.length > 0);
  assert.deepEqual(viewer.records, [honest]);
  assert.deepEqual(viewer.troubles, ['run.bad-record', 'run.bad-record']);
  await mine.close();
  await theirs.close();
});

test('a recorded run is read again as it was seen, and a damaged one says in which line', () => {
  const file = join(directory, 'run.ndjson');
  const journal = new Journal(systemClock);
  const record = (role: string, number: number, atMs: number, to: string): FeedRecord => ({
    ...{ kind: 'moved', role, start: '00000000000000ff', number, atMs },
    ...{
      actor: 'server',
      machine: 'server',
      collaboration: null,
      event: 'boot',
      from: [],
      to: [to],
      taken: [],
    },
  });
  journal.append([record('server-a', 0, 5, 'init.connecting')]);
  const recording = recordTo(file, 'test', journal);
  journal.hear([record('server-b', 0, 9, 'serving.withPeer'), record('server-a', 1, 7, 'draining')]);
  recording.close();
  const { deployment, records } = readRun(file);
  assert.equal(deployment, 'test');
  assert.deepEqual(
    records.map(({ atMs }) => atMs),
    [5, 7, 9],
  );
  const [live, replayed] = [new Story(), new Story()];
  live.add(journal.records);
  replayed.add(records);
  assert.deepEqual(replayed.statesAt(2), live.statesAt(2));
  assert.deepEqual(live.statesAt(1), new Map([['server-a server', ['draining']]]));
  assert.throws(() => recordTo(file, 'test', journal), { code: 'run.file-there' });
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [lines[0], lines[1], '{"kind":"moved"}', ''].join('\n'));
  assert.throws(() => readRun(file), { code: 'run.bad-record', place: { file, line: 3 } });
  writeFileSync(file, 'a,b\n1,2\n');
  assert.throws(() => readRun(file), { code: 'run.not-a-run' });
  assert.throws(() => readRun(join(directory, 'none')), { code: 'run.no-file' });
});

test('a message is drawn from who sent it to who had it, and one that was lost is not taken for the next', () => {
  const subject = subjects.channel(DEPLOYMENT, 'server-b', 'server-a', ID, 'compute');
  const message = (
    role: string,
    way: 'out' | 'in',
    atMs: number,
    bytes: number,
    number: number,
  ): FeedRecord => ({
    ...{ kind: 'messaged', role, start: '00000000000000ff', number, atMs },
    ...{ way, subject, count: 1, bytes, collaboration: ID },
  });
  const story = new Story();
  story.add([
    message('server-a', 'out', 0, 20, 0),
    message('server-a', 'out', 1500, 20, 1),
    message('server-a', 'out', 1501, 88, 2),
    message('server-b', 'in', 1503, 20, 0),
    message('server-b', 'in', 1504, 88, 1),
  ]);
  assert.deepEqual(
    story.arrows.map(({ from, to, sentMs, arrivedMs }) => [from, to, sentMs, arrivedMs]),
    [
      ['server-a', 'server-b', 0, 0],
      ['server-a', 'server-b', 1500, 1503],
      ['server-a', 'server-b', 1501, 1504],
    ],
  );
});

test('of three replicas that tell of one collaboration, each in its own time, the first to know leads, and another when it has gone', () => {
  const story = new Story();
  const told = (role: string, from: string, to: string): string => {
    const number = story.records.length;
    const record: FeedRecord = {
      ...{
        kind: 'moved',
        role,
        start: '00000000000000ff',
        number,
        atMs: number,
        actor: `collaboration:${ID}`,
      },
      ...{ machine: 'collaboration', collaboration: ID, event: 'other', taken: [] },
      ...{ from: from === '' ? [] : [from], to: [to] },
    };
    story.add([record]);
    const [collaboration] = story.collaborations.values();
    assert.ok(collaboration !== undefined);
    return story.moveAt(collaboration, number)?.to.join() ?? '';
  };
  assert.equal(told('coordinator-1', '', 'open'), 'open');
  assert.equal(told('coordinator-1', 'open', 'registering'), 'registering');
  assert.equal(told('coordinator-2', '', 'open'), 'registering');
  assert.equal(told('coordinator-1', 'registering', 'collecting'), 'collecting');
  assert.equal(told('coordinator-2', 'open', 'registering'), 'collecting');
  assert.equal(told('coordinator-2', 'registering', 'collecting'), 'collecting');
  assert.equal(told('coordinator-2', 'collecting', 'ready'), 'ready');
  assert.equal(told('coordinator-3', '', 'collecting'), 'ready');
});
