/**
 * Owns the directory of one organisation's part in a deployment: keys, configuration files, trust file, card, certificates.
 *
 *   card.toml    what this organisation runs, for the others          trust.toml   whose keys it trusts
 *   <role>.toml  one for each role and party, broker.toml              keys/        identity keys, mode 600
 *   tls/         authority.pem and broker.pem with their keys; ca.pem: all trusted authorities, for roles
 *
 * Must never overwrite a key or a configuration file, nor let a key be readable by others.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'smol-toml';
import type { RandomSource } from '../../src/base/random.ts';
import { type Card, cardText, loadCard, trustedAs } from '../../src/config/card.ts';
import { loadTrust, type TrustFile } from '../../src/config/trust-file.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../../src/identity/identity.ts';
import type { PublicKey } from '../../src/identity/keys.ts';

export const FILES = {
  card: 'card.toml',
  trust: 'trust.toml',
  broker: 'broker.toml',
  brokerKey: 'keys/broker.seed',
  authorities: 'tls/ca.pem',
  authority: 'tls/authority.pem',
  authorityKey: 'tls/authority.key',
  certificate: 'tls/broker.pem',
  certificateKey: 'tls/broker.key',
} as const;

export class OrganisationDirectory {
  readonly root: string;
  /** Files that were made, as they are named in it. */
  readonly made: string[] = [];

  constructor(directory: string) {
    this.root = resolve(directory);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Makes the directory and those in it; they are their owner's alone. */
  make(): void {
    for (const directory of ['', 'keys', 'tls', 'state'])
      mkdirSync(this.path(directory), { recursive: true, mode: 0o700 });
  }

  /** The public key of the seed in that file, which is made where it is not there. */
  publicKey(name: string, random: RandomSource): PublicKey {
    if (!this.has(name)) {
      saveIdentity(this.path(name), createIdentity(random));
      this.made.push(name);
    }
    return loadIdentity(this.path(name)).publicKey;
  }

  /** Writes a file that is not there yet. */
  writeNew(name: string, text: string, mode = 0o644): void {
    if (this.has(name)) return;
    writeFileSync(this.path(name), text, { mode, flag: 'wx' });
    this.made.push(name);
  }

  /** Throws `config.*` where it is not there. */
  card(): Card {
    return loadCard(this.path(FILES.card));
  }

  trust(): TrustFile {
    return loadTrust(this.path(FILES.trust));
  }

  /** Writes this organisation's own card, and trusts it. */
  saveCard(card: Card): void {
    this.#replace(FILES.card, cardText(card));
    const { deployment, organisation } = card;
    const { organisations } = this.has(FILES.trust) ? this.trust() : { organisations: {} };
    this.saveTrust({ deployment, organisations: { ...organisations, [organisation]: trustedAs(card) } });
  }

  /** Writes the trust file, and the authorities in it where roles read them. */
  saveTrust(trust: TrustFile): void {
    const head = '# Whose keys this organisation trusts. Written by mpc init and mpc trust add.\n';
    this.#replace(FILES.trust, `${head}${stringify(trust)}\n`);
    const authorities = Object.values(trust.organisations).flatMap(({ authority }) => authority ?? []);
    this.#replace(FILES.authorities, authorities.join('\n'));
  }

  /** At once: a role that starts meanwhile reads the old file or the new one. */
  #replace(name: string, text: string): void {
    const fresh = this.path(`${name}.new`);
    writeFileSync(fresh, text, { mode: 0o644 });
    renameSync(fresh, this.path(name));
  }
}
