/**
 * Owns `npm run openapi`: writes the descriptions to docs/openapi and their types to src/api/calls.
 */
import { writeFileSync } from 'node:fs';
import { committed } from './committed.ts';

for (const { path, text } of await committed()) {
  writeFileSync(path, text);
  process.stderr.write(`${path}\n`);
}
