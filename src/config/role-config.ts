/**
 * Owns the configuration of one role's process: a TOML file, checked field by field before anything starts.
 * Must never hold a secret itself: it names the file that does.
 *
 * Paths in the file are relative to the file, others to the working directory. Order of precedence: command line > `MPC_*` environment > file > default.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { LIMITS } from '../base/limits.ts';
import type { Address } from '../bus/subjects.ts';
import { type ApiConfig, apiSchema, isLoopback, parseListen } from './api-config.ts';
import { brokerUrls, isBrokerUrl } from './brokers.ts';
import { type ConfigFault, configError, faultAt, schemaFaults } from './faults.ts';
import { observeSchema } from './observe-config.ts';
import { ROLES, type Role } from './roles.ts';
import { readToml, type TomlFile } from './toml.ts';
import { addressName, keysOf, loadTrust, name, publicKey } from './trust-file.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected a descriptor digest, 64 hexadecimal digits');

const clientSchema = z.strictObject({
  /** This party's name in collaborations. */
  party: name,
  /** Digests of the descriptors that this party has read and agrees to; rows go to no other. */
  approve: z.array(digest).default([]),
  /** A descriptor to open a collaboration with (`mpc describe` writes one). */
  create: z.string().optional(),
  /** CSV file of each table. */
  tables: z.record(name, z.string()).default({}),
  /** Where a result is written, as one JSON object. */
  result: z.string().optional(),
  /** End the process with the first collaboration: 0 when it is done, else the reason's exit code. */
  once: z.boolean().default(false),
});

/** A server's own, whatever parties agree on: see src/duties/server-limits.ts. */
const limitsSchema = z.strictObject({
  minParties: z.int().min(1).max(LIMITS.parties).default(1),
  minGroupSize: z.int().min(1).default(1),
  resultUses: z.int().min(0).default(1000),
  reruns: z.int().min(0).default(1000),
});

/** Which web addresses a coordinator tells of changes: see src/notify/allowed.ts. */
const notifySchema = z.strictObject({
  /** Origins: `https://told.example`, `http://10.0.0.5:8080`. */
  allow: z.array(z.url({ protocol: /^https?$/ })).default([]),
  /** Hosts on this machine and its link are allowed, too: for trials. */
  allowLocal: z.boolean().default(false),
});

const roleSchema = z.strictObject({
  role: z.enum(ROLES).optional(),
  deployment: name.default('mpc'),
  /** URLs of the brokers of one cluster: a list, or a text with commas. */
  nats: z
    .union([z.string().transform(brokerUrls), z.array(z.string())])
    .pipe(z.array(z.string().refine(isBrokerUrl, 'write nats://HOST:PORT or tls://HOST:PORT')).min(1).max(5))
    .default(['nats://127.0.0.1:4222']),
  /** Copies of the log, where this role is the first to need it: 1, 3 or 5, at most the brokers there are. By default the URLs above. */
  logCopies: z.union([z.literal(1), z.literal(3), z.literal(5)]).optional(),
  /** A coordinator's: which of the replicas it is, for people. */
  replica: name.optional(),
  /** Directory for this role's database, tapes and results. */
  state: z.string(),
  /** File with this role's identity seed, readable by its owner only. */
  key: z.string(),
  /** For development: messages to the other server are held back by half of it. */
  simulateRoundTripMs: z.int().min(0).max(LIMITS.roundTripMs).default(0),
  /** Who may watch what this role does with mpc inspect: states, events' names, sizes, times. Nobody without it. */
  inspect: z
    .string()
    .pipe(addressName)
    .transform((address) => address as Address) // as its pattern says
    .optional(),
  log: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Public keys of everyone this role deals with, by address; in the file also the path of an organisation's trust file. */
  trust: z.record(addressName, publicKey),
  /** Brokers are spoken to encrypted or not at all. `ca`: whom their certificates have to come from, else whom this machine trusts. */
  tls: z.strictObject({ ca: z.string().optional() }).optional(),
  client: clientSchema.optional(),
  limits: limitsSchema.prefault({}),
  notify: notifySchema.prefault({}),
  /** Its HTTP face: of coordinators and clients. */
  api: apiSchema.optional(),
  /** Its metrics and health, for this machine. */
  observe: observeSchema.optional(),
});

export type ClientConfig = z.infer<typeof clientSchema>;
export type RoleConfig = z.infer<typeof roleSchema> & { readonly role: Role };

export interface Overrides {
  readonly role?: string;
  readonly nats?: string;
  readonly state?: string;
  readonly log?: string;
  readonly inspect?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks `file`; `environment` supplies MPC_NATS (or NATS_URL), MPC_STATE, MPC_KEY and MPC_LOG.
 * Throws `config.*` with line and path of each fault, exit code 78.
 */
export function loadRoleConfig(file: string, flags: Overrides, environment: Environment): RoleConfig {
  const { config, faults } = checkRoleConfig(readToml(file), flags, environment);
  if (config === undefined) throw configError(faults);
  return config;
}

/** The configuration that a file gives, or all that is wrong with it. Throws for a file that `trust` names. */
export function checkRoleConfig(
  toml: TomlFile,
  flags: Overrides,
  environment: Environment,
): { readonly config?: RoleConfig; readonly faults: readonly ConfigFault[] } {
  const { file } = toml;
  const base = dirname(resolve(file));
  const at = (path: string): string => resolve(base, path);
  const settings: Overrides & { readonly key?: string } = {
    ...definedOnly({
      nats: environment.MPC_NATS ?? environment.NATS_URL,
      state: environment.MPC_STATE,
      key: environment.MPC_KEY,
      log: environment.MPC_LOG,
    }),
    ...definedOnly({ ...flags }),
  };
  const fromHere = {
    ...(settings.state === undefined ? {} : { state: resolve(settings.state) }),
    ...(settings.key === undefined ? {} : { key: resolve(settings.key) }),
  };
  const { trust: given } = toml.values;
  const trusted = typeof given === 'string' ? loadTrust(at(given)) : undefined;
  const trust = trusted === undefined ? {} : { trust: keysOf(trusted) };
  const parsed = roleSchema.safeParse({ ...toml.values, ...settings, ...fromHere, ...trust });
  if (!parsed.success) return { faults: schemaFaults(parsed.error, roleSchema, toml) };
  const { role, client, api, tls, observe } = parsed.data;
  const one = (...fault: FaultAt): { faults: ConfigFault[] } => ({ faults: [faultAt(toml, ...fault)] });
  if (role === undefined)
    return one(['role'], 'no role given', 'add role = "server-a" to it, or --role=… to the command line');
  if (role === 'client' && client === undefined)
    return one(
      ['client'],
      'a client needs a [client] section',
      'name its party, its tables and what it approves',
    );
  if (role === 'client' && api !== undefined && !isLoopback(parseListen(api.listen)?.host ?? ''))
    return one(
      ['api', 'listen'],
      `a client service listens on this machine only, not on ${api.listen}`,
      'use 127.0.0.1 or [::1]',
    );
  if (trusted !== undefined && trusted.deployment !== parsed.data.deployment)
    return one(['deployment'], `${given} holds the keys of ${trusted.deployment}`, 'name the same in both');
  const config: RoleConfig = {
    ...parsed.data,
    role,
    state: at(parsed.data.state),
    key: at(parsed.data.key),
    ...(client === undefined ? {} : { client: placed(client, at) }),
    ...(api === undefined ? {} : { api: placedApi(api, at) }),
    ...(observe?.addressFile === undefined
      ? {}
      : { observe: { ...observe, addressFile: at(observe.addressFile) } }),
    ...(tls?.ca === undefined ? {} : { tls: { ca: at(tls.ca) } }),
  };
  return { config, faults: [] };
}

type FaultAt = Parameters<typeof faultAt> extends [TomlFile, ...infer Rest] ? Rest : never;

/** Who this role is on the bus. */
export function addressOf({ role, client }: Pick<RoleConfig, 'role' | 'client'>): Address {
  return role === 'client' ? `party-${client?.party ?? ''}` : role;
}

function placed(client: ClientConfig, at: (path: string) => string): ClientConfig {
  return {
    ...client,
    ...(client.create === undefined ? {} : { create: at(client.create) }),
    ...(client.result === undefined ? {} : { result: at(client.result) }),
    tables: Object.fromEntries(Object.entries(client.tables).map(([table, path]) => [table, at(path)])),
  };
}

function placedApi(api: ApiConfig, at: (path: string) => string): ApiConfig {
  const { certificate, certificateKey, addressFile, tokenFile } = api;
  return {
    ...api,
    ...(certificate === undefined ? {} : { certificate: at(certificate) }),
    ...(certificateKey === undefined ? {} : { certificateKey: at(certificateKey) }),
    ...(addressFile === undefined ? {} : { addressFile: at(addressFile) }),
    ...(tokenFile === undefined ? {} : { tokenFile: at(tokenFile) }),
  };
}

function definedOnly(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
