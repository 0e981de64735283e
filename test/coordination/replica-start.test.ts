/**
 * Where a coordinator replica begins: with its own file, with another's state, with the log; and when it must not begin.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startReplica } from '../../bin/compose/replica.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus, Log } from '../../src/bus/bus.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { subjects } from '../../src/bus/subjects.ts';
import type { Chapter } from '../../src/coordination/chapter.ts';
import { followLog } from '../../src/coordination/follower.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { openSnapshotDesk } from '../../src/coordination/snapshot-desk.ts';
import { openLogger } from '../../src/observe/logger.ts';
import { notesChapter, sessionsChapter } from './notes-chapter.ts';
import { bytesFor, commandId, DEPLOYMENT, identityOf, rules, trust, wholeLife } from './world.ts';

const life = wholeLife(0).map(([author, body], index) => bytesFor(author, body, commandId(index)));
const STREAM = subjects.logStream(DEPLOYMENT);

interface Place {
  readonly hub: MemoryHub;
  readonly log: Log;
  /** Starts on the file in the directory of that name, applies what there is, stops; the state's digest then. */
  readonly run: (name: string, chapters?: readonly Chapter[]) => Promise<{ began: number; digest: string }>;
}

async function inPlace(act: (place: Place) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-replica-'));
  const hub = new MemoryHub({ seed: 'replica' });
  let count = 0;
  try {
    const log = await hub.connect('writer').log(STREAM);
    await act({
      hub,
      log,
      run: async (name, chapters = rules.chapters) => {
        mkdirSync(join(directory, name), { recursive: true });
        const bus: Bus = hub.connect(`${name}-${++count}`);
        const parts = {
          deployment: DEPLOYMENT,
          me: 'coordinator' as const,
          identity: identityOf('coordinator'),
          trust,
          state: join(directory, name),
          connectBus: async () => bus,
          clock: systemClock,
          random: systemRandom,
          logger: openLogger('test', 'silent'),
        };
        const { close, ...beginning } = await startReplica(parts, chapters, bus);
        const began = beginning.fromState.sequence;
        const follower = await followLog({ bus, deployment: DEPLOYMENT, trust, chapters, ...beginning });
        const last = await log.last();
        const written = new Promise<void>((resolve) => {
          if (last === began) resolve();
          follower.onEntry((_, sequence) => {
            if (sequence === last) resolve();
          });
        });
        await written;
        const digest = stateDigest(follower.snapshot());
        follower.stop();
        await close();
        return { began, digest };
      },
    });
  } finally {
    await hub.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

test('a replica goes on where its own file ends, and one without a file builds the same state from the log', () =>
  inPlace(async ({ log, run }) => {
    for (const [index, data] of life.slice(0, 7).entries()) await log.append(`${index}`, data);
    assert.equal((await run('first')).began, 0);
    for (const [index, data] of life.slice(7).entries()) await log.append(`${7 + index}`, data);
    const first = await run('first');
    const second = await run('second');
    assert.deepEqual([first.began, second.began], [7, 0]);
    assert.equal(second.digest, first.digest);
    assert.deepEqual(await run('first'), { began: life.length, digest: first.digest });
  }));

test('a new one starts from the state of another that answers', () =>
  inPlace(async ({ hub, log, run }) => {
    for (const [index, data] of life.entries()) await log.append(`${index}`, data);
    const bus = hub.connect('desk');
    const follower = await followLog({ bus, ...rules });
    await follower.caughtUp;
    const desk = openSnapshotDesk({
      bus,
      deployment: DEPLOYMENT,
      identity: identityOf('coordinator'),
      follower,
      replica: 'one',
    });
    const { began, digest } = await run('new');
    assert.deepEqual([began, digest], [life.length, stateDigest(follower.snapshot())]);
    desk.unsubscribe();
    follower.stop();
  }));

test('a log that ends before what the file holds is an alarm, and the file is left as it is', () =>
  inPlace(async ({ hub, log, run }) => {
    for (const [index, data] of life.entries()) await log.append(`${index}`, data);
    await run('first');
    hub.loseEntries(STREAM, 5);
    await assert.rejects(run('first'), { code: 'log.behind' });
    await assert.rejects(run('first', [...rules.chapters, sessionsChapter, notesChapter]), {
      code: 'log.behind',
    });
  }));

test('a file that follows other chapters is built anew from the log', () =>
  inPlace(async ({ log, run }) => {
    for (const [index, data] of life.entries()) await log.append(`${index}`, data);
    await run('first');
    const chapters = [...rules.chapters, sessionsChapter, notesChapter];
    const { began, digest } = await run('first', chapters);
    assert.equal(began, 0);
    assert.deepEqual(await run('first', chapters), { began: life.length, digest });
  }));
