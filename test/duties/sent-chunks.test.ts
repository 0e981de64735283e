/**
 * What was sent can be sent again from the beginning, however much it was, while memory holds the newest part.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { SentChunks } from '../../src/duties/sent-chunks.ts';

const chunkOf = (index: number) => new Uint8Array(100 + (index % 7)).fill(index + 1);

test('all chunks can be had at any time, from memory or from the file, until it is closed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-sent-'));
  try {
    const path = join(directory, 'sent');
    const sent = new SentChunks(path, 1000);
    const early = sent.chunk(0);
    for (let index = 0; index < 9; index++) sent.append(chunkOf(index));
    assert.deepEqual(await early, chunkOf(0));
    assert.equal(existsSync(path), false, 'a little stays in memory');
    for (let index = 9; index < 200; index++) sent.append(chunkOf(index));
    assert.ok(statSync(path).size > 18_000, 'older chunks are in the file');
    for (let index = 0; index < 200; index++) assert.deepEqual(await sent.chunk(index), chunkOf(index));
    const next = sent.chunk(200);
    sent.append(chunkOf(200));
    assert.deepEqual(await next, chunkOf(200));
    sent.close();
    assert.equal(existsSync(path), false, 'nothing is left behind');
    sent.append(chunkOf(201));
    assert.equal(existsSync(path), false, 'a computation that is ending writes nothing more');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a file that was taken away is an operating error, not other bytes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-sent-'));
  try {
    const sent = new SentChunks(join(directory, 'sent'), 0);
    sent.append(chunkOf(0));
    sent.close();
    await assert.rejects(sent.chunk(0), { code: 'compute.lost-messages' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
