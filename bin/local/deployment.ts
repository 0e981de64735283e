/**
 * Owns a deployment on one machine: a directory with a key and a configuration file for every role and party.
 * Must never overwrite a key that is there, nor let one be readable by others.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'smol-toml';
import type { RandomSource } from '../../src/base/random.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { ClientConfig, RoleConfig } from '../../src/config/role-config.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../../src/identity/identity.ts';
import type { PublicKey } from '../../src/identity/keys.ts';

export const SERVICES = ['coordinator', 'server-a', 'server-b', 'dealer'] as const;

export interface Deployment {
  readonly directory: string;
  readonly name: string;
  /** URLs of the brokers. */
  readonly nats: readonly string[];
  readonly trust: Readonly<Record<string, PublicKey>>;
  /** Who may watch all of its roles with mpc inspect; nobody without it. */
  readonly inspect?: Address;
  /** For development: what the two servers are to hold their messages to each other back by, both ways together. */
  readonly simulateRoundTripMs?: number;
  /** The first port of HTTP faces: the coordinator's replicas from here on, the parties' clients from ten further on. */
  readonly rest?: number;
}

/** Makes keys for the services and these parties (or reads those that are there). */
export function openDeployment(
  directory: string,
  name: string,
  nats: readonly string[],
  parties: readonly string[],
  random: RandomSource,
): Deployment {
  const root = resolve(directory);
  mkdirSync(join(root, 'keys'), { recursive: true, mode: 0o700 });
  const trust: Record<string, PublicKey> = {};
  for (const address of [...SERVICES, 'server-c', ...parties.map((party): Address => `party-${party}`)]) {
    const path = keyPath(root, address);
    if (!existsSync(path)) saveIdentity(path, createIdentity(random));
    trust[address] = loadIdentity(path).publicKey;
  }
  return { directory: root, name, nats, trust };
}

export const keyPath = (directory: string, address: string): string =>
  join(directory, 'keys', `${address}.seed`);

/** Writes the configuration of a role or party and returns its path. */
export const writeConfig = (
  deployment: Deployment,
  address: Address,
  client?: Partial<ClientConfig>,
): string => write(deployment, address, address, client === undefined ? {} : { client });

/** The coordinator's replicas: one has the role's own name. */
export const replicaNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? 'coordinator' : `coordinator-${index + 1}`));

/** As `writeConfig`, of one of the coordinator's replicas: they share the key, each has a state of its own. */
export const writeReplicaConfig = (deployment: Deployment, replica: string): string =>
  write(deployment, 'coordinator', replica, { replica, ...tellsClients(deployment) });

/** Clients' own services are told of changes, where there are any: they are on this machine. */
function tellsClients(deployment: Deployment): { notify?: RoleConfig['notify'] } {
  const urls = Object.keys(deployment.trust)
    .filter((address) => address.startsWith('party-'))
    .flatMap((party) => restUrl(deployment, party) ?? []);
  return urls.length === 0 ? {} : { notify: { allow: urls, allowLocal: true } };
}

/** Where a role's face answers; undefined where there is none. */
export function restUrl(
  { trust, rest }: Pick<Deployment, 'trust' | 'rest'>,
  place: string,
): string | undefined {
  if (rest === undefined) return undefined;
  const replica = replicaNames(REPLICAS).indexOf(place);
  const party = Object.keys(trust)
    .filter((address) => address.startsWith('party-'))
    .indexOf(place);
  if (replica < 0 && party < 0) return undefined;
  return `http://127.0.0.1:${rest + (replica < 0 ? REPLICAS + party : replica)}`;
}

const REPLICAS = 10;

function write(deployment: Deployment, address: Address, place: string, more: object): string {
  const { directory, name, nats, trust, simulateRoundTripMs, inspect } = deployment;
  const url = restUrl(deployment, place);
  const isFar = simulateRoundTripMs !== undefined && address.startsWith('server-');
  const path = join(directory, `${place}.toml`);
  const config = {
    role: address.startsWith('party-') ? 'client' : address,
    deployment: name,
    nats,
    state: join(directory, 'state', place),
    key: keyPath(directory, address),
    trust,
    ...(inspect === undefined ? {} : { inspect }),
    ...(isFar ? { simulateRoundTripMs } : {}),
    ...(url === undefined ? {} : { api: { listen: url.slice('http://'.length) } }),
    ...more,
  };
  writeFileSync(path, `${stringify(config)}\n`, { mode: 0o600 });
  return path;
}
