/**
 * Kills a host's process at random moments, again and again: what is on the disk is all that the next one has.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { openStore } from '../../src/store/store.ts';
import { newPath, storedContext } from './world.ts';

const EVENTS = 700;
const VICTIM = fileURLToPath(new URL('./victim.ts', import.meta.url));

test('killed at random moments, a host loses nothing, invents nothing and repeats nothing', async (t) => {
  const path = newPath();
  const spoken = `${path}.spoken`;
  let kills = 0;
  for (let finished = false; !finished; ) {
    const victim = spawn(process.execPath, ['--import', 'tsx', VICTIM, path, spoken, String(EVENTS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(victim, 'exit');
    let heard = '';
    victim.stdout.on('data', (data) => {
      heard += String(data);
    });
    await Promise.race([once(victim.stdout, 'data'), ended]);
    assert.match(heard, /started/, 'it starts from what the last one left');
    const lifetimeMs = kills < 9 ? Math.floor(Math.random() * 120) : 30_000;
    const grace = new AbortController();
    await Promise.race([systemClock.sleep(lifetimeMs, grace.signal).catch(() => undefined), ended]);
    grace.abort();
    victim.kill('SIGKILL');
    await ended;
    finished = heard.includes('finished');
    if (!finished) kills++;
  }
  const store = await openStore({ path });
  const { seen, done } = await storedContext(store);
  await store.close();
  const all = Array.from({ length: EVENTS }, (_, n) => n);
  assert.deepEqual(seen, all, 'every event was applied once, in order');
  assert.deepEqual(
    done,
    all.filter((n) => n % 7 === 3),
    'every result was applied once',
  );
  const lines = readFileSync(spoken, 'utf8').trimEnd().split('\n');
  const ids = new Map<string, string>();
  const order: number[] = [];
  for (const line of lines) {
    const { id, n } = JSON.parse(line) as { id: string; n: number };
    if (ids.has(id)) assert.equal(ids.get(id), line, 'the same id says the same');
    else order.push(n);
    ids.set(id, line);
  }
  assert.deepEqual(order, all, 'each thing was said under one id, in order');
  t.diagnostic(`${kills} kills, ${lines.length - EVENTS} things said again under their id`);
  assert.ok(kills >= 3, `only ${kills} kills`);
});
