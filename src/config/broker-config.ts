/**
 * Owns the configuration of an organisation's own broker: a TOML file (`broker = "north"` in it), and what nats-server is told by it.
 * Must never let a broker listen to other machines unencrypted, nor another one join that nobody named.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { BrokerConfig } from '../broker/config.ts';
import { LOG_DOMAIN } from '../broker/config.ts';
import { linkPermissions, permissionsOf } from '../bus/permissions.ts';
import { isLoopback, type ListenAddress, parseListen } from './api-config.ts';
import { type ConfigFault, configError, faultAt, schemaFaults } from './faults.ts';
import { readToml, type TomlFile } from './toml.ts';
import { keysOf, loadTrust, name, type TrustFile } from './trust-file.ts';

const address = z
  .string()
  .refine((text) => parseListen(text) !== undefined, 'write host:port, for example 10.0.0.1:4222');

const brokerSchema = z.strictObject({
  /** The organisation's name, and the broker's, by which its copy of the log is known: it stays. */
  broker: name,
  deployment: name,
  /** For roles and parties. */
  listen: address,
  /** Its store, its log file and what nats-server reads. */
  directory: z.string(),
  /** The organisation's trust file. */
  trust: z.string(),
  tls: z.strictObject({ certificate: z.string(), key: z.string() }).optional(),
  /** Brokers that keep a copy of the log each: by organisation, where they listen for this one. */
  cluster: z.strictObject({ listen: address, routes: z.record(name, address) }).optional(),
  /** Organisations whose own brokers join this one, and where. */
  leaves: z.strictObject({ listen: address, organisations: z.array(name) }).optional(),
  /** The organisation whose broker this one joins; `key` is the file of the key that it logs in with. */
  hub: z.strictObject({ organisation: name, address, key: z.string() }).optional(),
});

export interface OwnBroker {
  readonly name: string;
  readonly deployment: string;
  readonly trustFile: string;
  /** Without the names of files that are made of others: authorities and logins. */
  readonly config: Omit<BrokerConfig, 'hub' | 'cluster'>;
  readonly cluster?: { readonly port: number; readonly routes: readonly string[] };
  /** PEM: of those who may join as equals; undefined without a cluster. */
  readonly clusterAuthorities?: string;
  readonly hub?: { readonly url: string; readonly authority?: string; readonly keyFile: string };
}

export const isBrokerFile = ({ values }: TomlFile): boolean => 'broker' in values;

/** Throws `config.*`. */
export function loadBrokerConfig(file: string): OwnBroker {
  const { broker, faults } = checkBrokerConfig(readToml(file));
  if (broker === undefined) throw configError(faults);
  return broker;
}

/** As of `checkRoleConfig`. */
export function checkBrokerConfig(toml: TomlFile): {
  readonly broker?: OwnBroker;
  readonly faults: readonly ConfigFault[];
} {
  const parsed = brokerSchema.safeParse(toml.values);
  if (!parsed.success) return { faults: schemaFaults(parsed.error, brokerSchema, toml) };
  const given = parsed.data;
  const at = (path: string): string => resolve(dirname(resolve(toml.file)), path);
  const trust = loadTrust(at(given.trust));
  const faults = contradictions(given, trust, toml);
  if (faults.length > 0) return { faults };
  const { host, port } = listenAt(given.listen);
  const { tls, cluster, leaves, hub, deployment } = given;
  const authority = hub && trust.organisations[hub.organisation]?.authority;
  return {
    faults: [],
    broker: {
      name: given.broker,
      deployment,
      trustFile: at(given.trust),
      config: {
        directory: at(given.directory),
        host,
        port,
        users: usersOf(given, trust),
        ...(tls === undefined ? {} : { tls: { certificate: at(tls.certificate), key: at(tls.key) } }),
        ...(leaves === undefined ? {} : { leaves: listenAt(leaves.listen) }),
      },
      ...(cluster === undefined
        ? {}
        : {
            cluster: {
              port: listenAt(cluster.listen).port,
              routes: Object.values(cluster.routes).map((route) => `tls://${route}`),
            },
            clusterAuthorities: [given.broker, ...Object.keys(cluster.routes)]
              .map((organisation) => trust.organisations[organisation]?.authority ?? '')
              .join('\n'),
          }),
      ...(hub === undefined
        ? {}
        : {
            hub: {
              url: `tls://${hub.address}`,
              keyFile: at(hub.key),
              ...(authority === undefined ? {} : { authority }),
            },
          }),
    },
  };
}

type Given = z.infer<typeof brokerSchema>;

/** Everyone may log in here whose key is trusted; with a hub, its own organisation's roles only, since the others do so elsewhere. */
function usersOf({ broker, deployment, leaves, hub }: Given, trust: TrustFile) {
  if (hub !== undefined)
    return permissionsOf(deployment, trust.organisations[broker]?.keys ?? {}, LOG_DOMAIN);
  const links = (leaves?.organisations ?? []).flatMap((organisation) => {
    const { keys, broker: key } = trust.organisations[organisation] ?? {};
    return keys === undefined || key === undefined
      ? []
      : [linkPermissions(deployment, key, keys, LOG_DOMAIN)];
  });
  return [...permissionsOf(deployment, keysOf(trust)), ...links];
}

/** What each setting alone cannot tell. */
function contradictions(given: Given, trust: TrustFile, toml: TomlFile): ConfigFault[] {
  const { broker, deployment, listen, tls, cluster, leaves, hub } = given;
  const faults: ConfigFault[] = [];
  const fault = (
    ...args: Parameters<typeof faultAt> extends [TomlFile, ...infer Rest] ? Rest : never
  ): void => void faults.push(faultAt(toml, ...args));
  const known = (organisation: string): string =>
    `add what it runs with: mpc trust add CARD (${organisation} makes it with mpc init)`;
  if (trust.deployment !== deployment)
    fault(['deployment'], `${given.trust} holds the keys of ${trust.deployment}`, 'name the same in both');
  if (tls === undefined && !isLoopback(listenAt(listen).host))
    fault(
      ['listen'],
      'other machines reach this address, and there is no [tls] section',
      'add certificate and key',
    );
  if (tls === undefined && (cluster ?? leaves ?? hub) !== undefined)
    fault(['tls'], 'brokers meet encrypted only, and there is no [tls] section', 'add certificate and key');
  if (cluster !== undefined && listenAt(cluster.listen).host !== listenAt(listen).host)
    fault(['cluster', 'listen'], 'it is another host than in listen', 'name the same in both');
  for (const organisation of cluster === undefined ? [] : [broker, ...Object.keys(cluster.routes)])
    if (trust.organisations[organisation]?.authority === undefined)
      fault(
        ['cluster', 'routes', organisation],
        `no authority of ${organisation}'s broker is known`,
        known(organisation),
      );
  for (const organisation of leaves?.organisations ?? [])
    if (trust.organisations[organisation]?.broker === undefined)
      fault(['leaves', 'organisations'], `no key of ${organisation}'s broker is known`, known(organisation));
  if (hub !== undefined && trust.organisations[hub.organisation] === undefined)
    fault(['hub', 'organisation'], `${hub.organisation} is not known`, known(hub.organisation));
  if (hub !== undefined && (cluster ?? leaves) !== undefined)
    fault(['hub'], 'a broker that joins another has neither a cluster nor leaves', 'keep one of them');
  return faults;
}

function listenAt(text: string): ListenAddress {
  const found = parseListen(text);
  if (found === undefined) throw new Error('assertion failed: the schema has checked addresses');
  return found;
}
