/**
 * Owns a directory of a test file's own, which is gone when its tests are over.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** To be called as the test file begins. `at` writes a file there and gives its path. */
export function ownDirectory(name: string): {
  readonly directory: string;
  readonly at: (name: string, content: string) => string;
} {
  const directory = mkdtempSync(join(tmpdir(), `mpc-${name}-`));
  after(() => rmSync(directory, { recursive: true }));
  return {
    directory,
    at(name, content) {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    },
  };
}
