import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { openStore } from '../../src/store/store.ts';

const directory = mkdtempSync(join(tmpdir(), 'mpc-store-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;
const newPath = () => join(directory, `${++files}.sqlite`);

const TABLE = { number: 1, sql: 'CREATE TABLE item (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT' };

async function withTable(path = newPath()) {
  const store = await openStore({ path });
  await store.migrate('test', [TABLE]);
  return store;
}

const withCode =
  (code: string, hint: RegExp = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof MpcError, String(error));
    assert.equal(error.code, code);
    assert.match(error.hint ?? '', hint);
    return true;
  };

test('what was committed is there after the file is opened again', async () => {
  const path = newPath();
  const first = await withTable(path);
  await first.transaction((inside) => inside.run('INSERT INTO item VALUES (?, ?)', 'apple', 3));
  await first.close();
  const second = await withTable(path);
  assert.deepEqual(await second.get('SELECT * FROM item'), { name: 'apple', count: 3 });
  assert.equal(await second.get('SELECT * FROM item WHERE name = ?', 'pear'), undefined);
  await second.close();
});

test('the file is kept as it must be: WAL, full synchronisation, foreign keys, exclusive', async () => {
  const store = await withTable();
  assert.equal((await store.get('PRAGMA journal_mode'))?.journal_mode, 'wal');
  assert.equal((await store.get('PRAGMA synchronous'))?.synchronous, 2);
  assert.equal((await store.get('PRAGMA foreign_keys'))?.foreign_keys, 1);
  assert.equal((await store.get('PRAGMA locking_mode'))?.locking_mode, 'exclusive');
  await store.close();
});

test('a transaction that throws leaves nothing, and the next one works', async () => {
  const store = await withTable();
  const work = store.transaction(async (inside) => {
    await inside.run('INSERT INTO item VALUES (?, ?)', 'apple', 3);
    throw new Error('no');
  });
  await assert.rejects(work, /^Error: no$/);
  assert.deepEqual(await store.all('SELECT * FROM item'), []);
  await store.transaction((inside) => inside.run('INSERT INTO item VALUES (?, ?)', 'pear', 1));
  assert.equal((await store.all('SELECT * FROM item')).length, 1);
  await store.close();
});

test('transactions that start together run one after the other', async () => {
  const store = await withTable();
  await store.run('INSERT INTO item VALUES (?, ?)', 'apple', 0);
  const increment = () =>
    store.transaction(async (inside) => {
      const row = await inside.get('SELECT count FROM item WHERE name = ?', 'apple');
      await inside.run('UPDATE item SET count = ? WHERE name = ?', Number(row?.count) + 1, 'apple');
    });
  await Promise.all(Array.from({ length: 50 }, increment));
  assert.equal((await store.get('SELECT count FROM item'))?.count, 50);
  await store.close();
});

test('a transaction that ended is of no use to anyone who kept it', async () => {
  const store = await withTable();
  const kept = await store.transaction(async (inside) => inside);
  await assert.rejects(kept.run('INSERT INTO item VALUES (?, ?)', 'apple', 3), /not used after it ended/);
  await store.close();
});

test('bytes come back as they went in', async () => {
  const store = await openStore({ path: newPath() });
  await store.migrate('test', [{ number: 1, sql: 'CREATE TABLE blob (data BLOB) STRICT' }]);
  const data = Uint8Array.from([0, 1, 255]);
  await store.run('INSERT INTO blob VALUES (?)', data);
  const back = (await store.get('SELECT data FROM blob'))?.data;
  assert.ok(back instanceof Uint8Array);
  assert.deepEqual([...back], [...data]);
  await store.close();
});

test('a store that this process holds is refused a second time', async () => {
  const path = newPath();
  const store = await withTable(path);
  await assert.rejects(openStore({ path, lockTimeoutMs: 10 }), withCode('store.locked', /other role/));
  await store.run('INSERT INTO item VALUES (?, ?)', 'apple', 3);
  await store.close();
});

test('a store that another process holds is refused, until that process is killed', async () => {
  const path = newPath();
  const script = `import { openStore } from ${JSON.stringify(new URL('../../src/store/store.ts', import.meta.url).href)};
    await openStore({ path: ${JSON.stringify(path)} });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  try {
    const [said] = await Promise.race([once(holder.stdout, 'data'), exited]);
    assert.match(String(said), /held/);
    await assert.rejects(openStore({ path, lockTimeoutMs: 10 }), withCode('store.locked'));
  } finally {
    holder.kill('SIGKILL');
    await exited;
  }
  await (await openStore({ path })).close();
});

test('a damaged file says so, and what to do', async () => {
  const path = newPath();
  writeFileSync(path, 'this is not a database, whatever its name says. '.repeat(100));
  await assert.rejects(openStore({ path }), withCode('store.corrupt', /backup/));
});

test('a page that was overwritten is found when it is read', async () => {
  const path = newPath();
  const store = await withTable(path);
  for (let index = 0; index < 2000; index++)
    await store.run('INSERT INTO item VALUES (?, ?)', `item number ${index}`, index);
  await store.close();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 4096);
  writeFileSync(path, bytes);
  const damaged = openStore({ path }).then(async (again) => {
    await again.all('SELECT * FROM item').finally(() => again.close());
  });
  await assert.rejects(damaged, withCode('store.corrupt'));
});

test('a directory that is not there is named as the reason', async () => {
  const path = join(directory, 'nowhere', 'x.sqlite');
  await assert.rejects(openStore({ path }), withCode('store.no-access', /directory/));
});

test('a full disk is named, leaves what was there, and is over when there is space again', async () => {
  const store = await withTable();
  await store.run('INSERT INTO item VALUES (?, ?)', 'before', 0);
  const pages = Number((await store.get('PRAGMA page_count'))?.page_count);
  await store.all(`PRAGMA max_page_count = ${pages}`);
  const fill = () =>
    store.transaction(async (inside) => {
      for (let index = 0; index < 2000; index++)
        await inside.run('INSERT INTO item VALUES (?, ?)', `item number ${index}`, index);
    });
  await assert.rejects(fill(), withCode('store.full', /free space/));
  assert.deepEqual(await store.all('SELECT name FROM item'), [{ name: 'before' }]);
  await store.all('PRAGMA max_page_count = 100000');
  await fill();
  assert.equal((await store.all('SELECT name FROM item')).length, 2001);
  await store.close();
});

test('a closed store refuses, and closing waits for what was asked before', async () => {
  const path = newPath();
  const store = await withTable(path);
  const last = store.run('INSERT INTO item VALUES (?, ?)', 'apple', 3);
  await store.close();
  assert.equal(await last, 1);
  await assert.rejects(store.all('SELECT 1'), withCode('store.closed', /^$|./));
  await store.close();
});

test('each migration runs once, in order, and one that fails leaves the schema before it', async () => {
  const path = newPath();
  const store = await withTable(path);
  await store.migrate('test', [TABLE, { number: 2, sql: 'ALTER TABLE item ADD COLUMN colour TEXT' }]);
  await store.run("INSERT INTO item VALUES ('apple', 1, 'red')");
  const broken = { number: 3, sql: 'CREATE TABLE other (x TEXT); INSERT INTO nowhere VALUES (1);' };
  const two = [TABLE, { number: 2, sql: 'ALTER TABLE item ADD COLUMN colour TEXT' }];
  await assert.rejects(store.migrate('test', [...two, broken]), withCode('store.failed', /^$|./));
  await assert.rejects(store.all('SELECT * FROM other'), /no such table/);
  await store.migrate('test', two);
  await store.migrate('another', [{ number: 1, sql: 'CREATE TABLE other (x TEXT)' }]);
  assert.equal((await store.all('SELECT * FROM migration')).length, 3);
  await store.close();
});

test('a store of a newer version, or of a changed migration, is refused', async () => {
  const store = await withTable();
  await assert.rejects(store.migrate('test', []), withCode('store.newer', /version/));
  await assert.rejects(
    store.migrate('test', [{ number: 1, sql: `${TABLE.sql} -- changed` }]),
    withCode('store.newer'),
  );
  await assert.rejects(store.migrate('test', [{ number: 2, sql: 'SELECT 1' }]), /numbered from 1/);
  await store.close();
});
