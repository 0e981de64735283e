/**
 * Owns the promise that whoever follows docs/QUICKSTART.md word by word gets what it says.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runDocument } from '../support/documents.ts';

test('the quick start, word by word', { timeout: 280_000 }, async () => {
  assert.ok((await runDocument('docs/QUICKSTART.md')) >= 8);
});
