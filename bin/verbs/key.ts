/**
 * Owns `mpc key`: makes an identity's key file, and shows the public key of one. Must never print the seed.
 */
import { existsSync } from 'node:fs';
import { systemRandom } from '../../src/base/random.ts';
import { createIdentity, fingerprint, loadIdentity, saveIdentity } from '../../src/identity/identity.ts';

export function key(file: string, { json }: { readonly json?: boolean }): void {
  if (!existsSync(file)) saveIdentity(file, createIdentity(systemRandom));
  const { publicKey } = loadIdentity(file);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ publicKey, fingerprint: fingerprint(publicKey) })}\n`);
    return;
  }
  process.stdout.write(`${publicKey}\n`);
  process.stderr.write(`fingerprint, to compare by voice: ${fingerprint(publicKey)}\n`);
}
