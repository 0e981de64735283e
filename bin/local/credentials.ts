/**
 * Owns credential files: what a voter votes with. One JSON object a line, readable by its owner only.
 * Must never print a seed, nor read one from a file that others may read.
 */
import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import type { RandomSource } from '../../src/base/random.ts';
import { type Credential, readCredential } from '../../src/election/credential.ts';
import { identityFromSeed } from '../../src/identity/identity.ts';
import { encodeSeed } from '../../src/identity/nkey.ts';

/** New credentials, and the lines that keep them. */
export function makeCredentials(
  election: string,
  from: number,
  count: number,
  random: RandomSource,
): { readonly credentials: Credential[]; readonly lines: string } {
  const credentials: Credential[] = [];
  let lines = '';
  for (let voter = from; voter < from + count; voter++) {
    const seed = encodeSeed(random(32));
    credentials.push({ election, voter, identity: identityFromSeed(seed) });
    lines += `${JSON.stringify({ election, voter, seed })}\n`;
  }
  return { credentials, lines };
}

export function writeCredentials(path: string, lines: string): void {
  const file = openSync(path, constants.O_CREAT | constants.O_WRONLY | constants.O_EXCL, 0o600);
  fchmodSync(file, 0o600);
  writeFileSync(file, lines);
  closeSync(file);
}

/** Throws `credential.missing`, `credential.permissions`, `credential.malformed` with the line. */
export function readCredentials(path: string): Credential[] {
  return textOf(path)
    .split('\n')
    .flatMap((line, at) => (line.trim() === '' ? [] : [readCredential(line, { file: path, line: at + 1 })]));
}

function textOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    throw new MpcError('credential.missing', `there is no credential file ${path}`, {
      hint: 'the registrar gives each voter one',
      place: { file: path },
      exitCode: EXIT.noInput,
    });
  }
  try {
    if ((fstatSync(file).mode & 0o077) !== 0)
      throw new MpcError('credential.permissions', `the credential file ${path} is open to other users`, {
        hint: `run chmod 600 ${path}; if others may have read it, ask the registrar for another`,
        place: { file: path },
        exitCode: EXIT.noPermission,
      });
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
