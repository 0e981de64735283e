/**
 * Owns where a role's key comes from: a credential of the service manager, else the file that its configuration names.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadCredentialIdentity, loadIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';

/** What systemd/mpc@.service calls it. */
const CREDENTIAL = 'identity.seed';

/** The file that `roleIdentity` reads. `configured`: the configuration's `key`. */
export function keyFile(
  configured: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly path: string; readonly isCredential: boolean } {
  const directory = environment.CREDENTIALS_DIRECTORY;
  const credential = directory === undefined ? undefined : join(directory, CREDENTIAL);
  return credential !== undefined && existsSync(credential)
    ? { path: credential, isCredential: true }
    : { path: configured, isCredential: false };
}

/** Throws what `loadIdentity` throws. */
export function roleIdentity(
  configured: string,
  environment: Readonly<Record<string, string | undefined>>,
): Identity {
  const { path, isCredential } = keyFile(configured, environment);
  return isCredential ? loadCredentialIdentity(path) : loadIdentity(path);
}
