/**
 * A replica's state on its disk against the one in memory: equal after every entry, whatever was put, moved, deleted.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type Chapter, chapterOf } from '../../src/coordination/chapter.ts';
import { entryBytes } from '../../src/coordination/entries.ts';
import type { LogRules, StateSnapshot } from '../../src/coordination/records.ts';
import { openReplicaFile, type ReplicaFile } from '../../src/coordination/replica-file.ts';
import { StateReader, stateDigest, stateLines } from '../../src/coordination/snapshot.ts';
import { emptyState, LogState } from '../../src/coordination/state.ts';
import { openStore } from '../../src/store/store.ts';
import { commandId, DEPLOYMENT, entries, identityOf, trust } from './world.ts';

/** A chapter that does to its table what it is told. */
const shelf: Chapter = chapterOf({
  name: 'shelf',
  bodies: [
    z.strictObject({
      kind: z.literal('sort'),
      acts: z.array(z.strictObject({ table: z.string(), key: z.string(), row: z.int().nullable() })),
    }),
  ],
  vouchable: [],
  apply: ({ body }, _, tables) => {
    for (const { table, key, row } of body.acts) {
      if (row === null) tables.table(table).delete(key);
      else tables.table<object>(table).put(key, { row, text: `"${row}' ünï` });
    }
    return { answer: body.acts.length };
  },
});

const rules: LogRules = { deployment: DEPLOYMENT, trust, chapters: [shelf] };

const act = fc.record({
  table: fc.constantFrom('one', 'two'),
  key: fc.constantFrom('a', 'b', 'c', "d'", 'e e'),
  row: fc.option(fc.nat(9), { freq: 2 }),
});
const commands = fc.array(fc.array(act, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
const logs = fc.array(commands, { minLength: 1, maxLength: 12 });

async function withFile(use: (reopened: () => Promise<ReplicaFile>) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-replica-'));
  let store = await openStore({ path: join(directory, 'log.sqlite') });
  let first = true;
  try {
    await use(async () => {
      if (!first) {
        await store.close();
        store = await openStore({ path: join(directory, 'log.sqlite') });
      }
      first = false;
      return openReplicaFile(store, emptyState(rules));
    });
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What comes back is compared with its order: that of tables, rows and outcomes. */
const same = (loaded: StateSnapshot | undefined, state: LogState): void => {
  assert.deepEqual(loaded, JSON.parse(JSON.stringify(state.snapshot())));
  assert.equal(stateDigest(loaded as StateSnapshot), stateDigest(state.snapshot())); // compared above
};

test('what is loaded is what was written, also when entries share a transaction and a restored state goes on', async () => {
  let id = 0;
  let loads = 0;
  await fc.assert(
    fc.asyncProperty(logs, fc.nat(), async (log, seed) => {
      await withFile(async (reopened) => {
        let file = await reopened();
        assert.equal(await file.load(), undefined);
        let state = new LogState(rules);
        const next = entries();
        let writing: Promise<void>[] = [];
        for (const [index, said] of log.entries()) {
          const vouched = said.map((acts) => ({
            id: commandId(id++),
            author: 'coordinator' as const,
            body: { kind: 'sort', acts },
          }));
          const data = entryBytes({
            deployment: DEPLOYMENT,
            signed: [],
            vouched,
            coordinator: identityOf('coordinator'),
          });
          const applied = state.apply(next.next(data));
          assert.ok(applied.every(({ outcome }) => outcome.ok));
          writing.push(file.write(state.stepOf(applied)));
          if ((seed >> index) % 3 === 0) continue;
          await Promise.all(writing);
          writing = [];
          file = await reopened();
          const loaded = await file.load();
          same(loaded, state);
          state = new LogState(rules, loaded);
          loads++;
        }
        await Promise.all(writing);
        same(await file.load(), state);
      });
    }),
    { numRuns: 40 },
  );
  assert.ok(loads > 50, `expected many restarts, saw ${loads}`);
});

test('a state that takes the place of another is the whole, and its lines put together are the same state', async () => {
  const state = new LogState(rules);
  const next = entries();
  const acts = Array.from({ length: 1200 }, (_, row) => ({ table: 'one', key: `${row}`, row }));
  const vouched = [{ id: commandId(1), author: 'coordinator' as const, body: { kind: 'sort', acts } }];
  const data = entryBytes({
    deployment: DEPLOYMENT,
    signed: [],
    vouched,
    coordinator: identityOf('coordinator'),
  });
  state.apply(next.next(data));
  const reader = new StateReader();
  for (const line of stateLines(state.snapshot())) reader.take(line);
  assert.equal(stateDigest(reader.finish()), stateDigest(state.snapshot()));
  for (const line of ['', '{}', '["row","a",1]', '["table","a"]', '["what"]', '[]'])
    assert.throws(() => new StateReader().take(line), { code: 'snapshot.malformed' });
  assert.throws(() => new StateReader().finish(), { code: 'snapshot.malformed' });
  await withFile(async (reopened) => {
    const file = await reopened();
    const other = new LogState(rules);
    await file.write(other.stepOf(other.apply(entries().next(data))));
    await file.replace(state.snapshot());
    same(await (await reopened()).load(), state);
  });
});

test('after an entry that could not be written none is: the file is never ahead of a hole', async () => {
  await withFile(async (reopened) => {
    const file = await reopened();
    const state = new LogState(rules);
    const next = entries();
    const step = () => state.stepOf(state.apply(next.next(new Uint8Array())));
    const broken = {
      ...step(),
      changes: [{ chapter: 'shelf', table: 'one', key: 'k', before: 1, after: 1n, moved: false }],
    };
    await assert.rejects(file.write(broken), TypeError);
    await assert.rejects(file.write(step()), TypeError);
    assert.equal(await file.load(), undefined);
  });
});
