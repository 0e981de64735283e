/**
 * Owns the configuration of one role's process: a TOML file, checked field by field before anything starts.
 * Must never hold a secret itself: it names the file that does.
 *
 * Paths in the file are relative to the file, others to the working directory. Order of precedence: command line > `MPC_*` environment > file > default.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Address } from '../bus/subjects.ts';
import { type ApiConfig, apiSchema, isLoopback, parseListen } from './api-config.ts';
import { brokerUrls } from './brokers.ts';
import { observeSchema } from './observe-config.ts';
import { ROLES, type Role } from './roles.ts';

const name = z.string().regex(/^[a-z0-9_-]{1,64}$/, 'use 1 to 64 of a-z, 0-9, _ and -');
const publicKey = z.string().regex(/^U[A-Z2-7]{55}$/, 'expected a public key, U and 55 characters');
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
    .pipe(z.array(z.string().min(1)).min(1).max(5))
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
  log: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Public keys of everyone this role deals with, by address: server-a, server-b, server-c, dealer, coordinator, party-NAME. */
  trust: z.record(z.string().regex(/^(server-[abc]|dealer|coordinator|party-[a-z0-9_-]{1,64})$/), publicKey),
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
}

/**
 * Reads and checks `file`; `environment` supplies MPC_NATS (or NATS_URL), MPC_STATE and MPC_LOG.
 * Throws `config.*` with the path of each fault, exit code 78.
 */
export function loadRoleConfig(
  file: string,
  flags: Overrides,
  environment: Readonly<Record<string, string | undefined>>,
): RoleConfig {
  const raw = { ...readToml(file) };
  const settings: Overrides = {
    ...definedOnly({
      nats: environment.MPC_NATS ?? environment.NATS_URL,
      state: environment.MPC_STATE,
      log: environment.MPC_LOG,
    }),
    ...definedOnly({ ...flags }),
  };
  const fromHere = settings.state === undefined ? {} : { state: resolve(settings.state) };
  const parsed = roleSchema.safeParse({ ...raw, ...settings, ...fromHere });
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw badConfig(file, faults.join('; '), 'correct the named settings; README.md shows a whole file');
  }
  const { role } = parsed.data;
  if (role === undefined)
    throw badConfig(file, 'no role given', `add role = "server-a" to it, or --role=… to the command line`);
  if (role === 'client' && parsed.data.client === undefined)
    throw badConfig(
      file,
      'a client needs a [client] section',
      'name its party, its tables and what it approves',
    );
  const base = dirname(resolve(file));
  const at = (path: string): string => resolve(base, path);
  const { client, api, observe } = parsed.data;
  if (role === 'client' && api !== undefined && !isLoopback(parseListen(api.listen)?.host ?? ''))
    throw badConfig(
      file,
      `api.listen: a client service listens on this machine only, not on ${api.listen}`,
      'use 127.0.0.1 or [::1]',
    );
  return {
    ...parsed.data,
    role,
    state: at(parsed.data.state),
    key: at(parsed.data.key),
    ...(client === undefined ? {} : { client: placed(client, at) }),
    ...(api === undefined ? {} : { api: placedApi(api, at) }),
    ...(observe?.addressFile === undefined
      ? {}
      : { observe: { ...observe, addressFile: at(observe.addressFile) } }),
  };
}

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

function readToml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw badConfig(file, 'the configuration file cannot be read', 'check the path given to --config');
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new MpcError('config.syntax', error.message.split('\n')[0] ?? 'not valid TOML', {
      place: { file, line: error.line, column: error.column },
      hint: 'correct the line; TOML is described at toml.io',
      exitCode: EXIT.badConfig,
    });
  }
}

function badConfig(file: string, message: string, hint: string): MpcError {
  return new MpcError('config.invalid', message, { place: { file }, hint, exitCode: EXIT.badConfig });
}

function definedOnly(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
