/**
 * Owns the configuration text of a broker: who may do what, JetStream in its own directory, an acknowledgement that means
 * "on disk", and how it meets other brokers.
 * Must never hold a secret: logins are public keys, the broker relays ciphertext, and the files with its own keys are named only.
 */
import type { Permissions } from '../bus/permissions.ts';

/** Files, PEM. The broker shows the certificate to clients, and to the brokers that it joins. */
export interface BrokerCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface BrokerHub {
  /** `tls://host:port` of where it lets brokers join. */
  readonly url: string;
  /** Its certificate comes from this authority. File, PEM. */
  readonly authority?: string;
  /** File of one line, `nkey: SU…`, beside the configuration: the seed that it logs in with there. */
  readonly login: string;
}

/** What the brokers that keep the log are called by those that do not: JetStream's domain. */
export const LOG_DOMAIN = 'mpc';

/** Several brokers that keep a copy of the log each. */
export interface BrokerCluster {
  /** The same in all of them. */
  readonly name: string;
  /** Another one in each, always the same: its copy of the log is known by it. */
  readonly server: string;
  /** Where it listens for the others, on the same address as for clients. */
  readonly port: number;
  /** `nats://host:port` of the others. */
  readonly routes: readonly string[];
  /** Nobody else joins: the others' certificates come from one of these authorities. File, PEM. */
  readonly authorities?: string;
}

export interface BrokerConfig {
  /** Absolute; holds the store, the log file and the ports file. */
  readonly directory: string;
  /** The address that it listens on: this machine only, unless another is given. */
  readonly host?: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  /** Its name, where it has one; with a cluster the same as there. */
  readonly server?: string;
  /** Without it the broker stands alone. */
  readonly cluster?: BrokerCluster;
  /** Encrypts everything; without it nothing is, which is for one machine. */
  readonly tls?: BrokerCertificate;
  /** Where other organisations' brokers join this one, with `tls`: as the keys among `users` that are theirs. */
  readonly leaves?: { readonly host: string; readonly port: number };
  /** The broker that this one joins. It then keeps no log: whoever asks it for that is answered from there. */
  readonly hub?: BrokerHub;
  /**
   * Without it everyone on this machine may do everything. Each may answer what it was asked: a question may reach several of one's own
   * subscriptions, which answer each. */
  readonly users?: readonly Permissions[];
}

/** Twice our largest message: room for headers, and for a newer version's larger chunks. */
const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024;

/** The files of a broker inside its directory. */
export const BROKER_FILES = {
  config: 'nats-server.conf',
  log: 'nats-server.log',
  store: 'jetstream',
  ports: 'ports',
  pid: 'nats-server.pid',
};

export function brokerConfig(options: BrokerConfig): string {
  const { directory, host = '127.0.0.1', port, cluster, users, tls, leaves, hub } = options;
  const server = options.server ?? cluster?.server;
  const lines = [
    ...(server === undefined ? [] : [`server_name: ${JSON.stringify(server)}`]),
    `host: ${JSON.stringify(host)}`,
    `port: ${port === 0 ? -1 : port}`,
    `max_payload: ${MAX_PAYLOAD_BYTES}`,
    // Eight windows of a channel: past it the broker cuts a slow receiver off.
    `max_pending: ${64 * 1024 * 1024}`,
    'write_deadline: "10s"',
    `log_file: ${JSON.stringify(`${directory}/${BROKER_FILES.log}`)}`,
    `logfile_size_limit: ${16 * 1024 * 1024}`,
    'logfile_max_num: 2',
    `ports_file_dir: ${JSON.stringify(`${directory}/${BROKER_FILES.ports}`)}`,
    `pid_file: ${JSON.stringify(`${directory}/${BROKER_FILES.pid}`)}`,
    ...(hub === undefined ? keptLog(directory, tls !== undefined) : joining(hub)),
    ...(tls === undefined ? [] : [certified(tls)]),
    ...(cluster === undefined ? [] : membership(cluster, host, tls)),
    ...(leaves === undefined ? [] : joined(leaves, tls)),
    ...(users === undefined ? [] : authorization(users)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The domain is the same in all of a cluster, whether this broker lets others join or not. */
function keptLog(directory: string, isNamed: boolean): string[] {
  return [
    'jetstream: {',
    `  store_dir: ${JSON.stringify(`${directory}/${BROKER_FILES.store}`)}`,
    '  sync_interval: always',
    ...(isNamed ? [`  domain: ${LOG_DOMAIN}`] : []),
    '}',
  ];
}

/** TLS 1.3 only: both ends are ours. */
function certified({ certificate, key }: BrokerCertificate, authority?: string, verifies = false): string {
  const files = [`cert_file: ${JSON.stringify(certificate)}`, `key_file: ${JSON.stringify(key)}`];
  if (authority !== undefined) files.push(`ca_file: ${JSON.stringify(authority)}`);
  if (verifies) files.push('verify: true');
  return `tls: { ${files.join(', ')}, min_version: "1.3", timeout: 10 }`;
}

function joined(
  { host, port }: { host: string; port: number },
  tls: BrokerCertificate | undefined,
): string[] {
  return [
    'leafnodes: {',
    `  host: ${JSON.stringify(host)}`,
    `  port: ${port}`,
    '  no_advertise: true',
    ...(tls === undefined ? [] : [`  ${certified(tls)}`]),
    '}',
  ];
}

function joining({ url, authority, login }: BrokerHub): string[] {
  const tls =
    authority === undefined ? [] : [`      tls: { ca_file: ${JSON.stringify(authority)}, timeout: 10 }`];
  return [
    'leafnodes: {',
    '  reconnect: "1s"',
    '  remotes: [',
    '    {',
    `      url: ${JSON.stringify(url)}`,
    '      first_info_timeout: "10s"',
    ...tls,
    `      include ${JSON.stringify(login)}`,
    '    }',
    '  ]',
    '}',
    `mappings: { "$JS.API.>": "$JS.${LOG_DOMAIN}.API.>" }`,
  ];
}

function membership(
  { name, port, routes, authorities }: BrokerCluster,
  host: string,
  tls: BrokerCertificate | undefined,
): string[] {
  return [
    'cluster: {',
    `  name: ${JSON.stringify(name)}`,
    `  host: ${JSON.stringify(host)}`,
    `  port: ${port}`,
    `  routes: ${JSON.stringify(routes)}`,
    // A certificate names where its broker is reached, and every role names all brokers.
    ...(tls === undefined ? [] : ['  no_advertise: true', `  ${certified(tls, authorities, true)}`]),
    '}',
  ];
}

function authorization(users: readonly Permissions[]): string[] {
  const list = (subjects: readonly string[]): string => `{ allow: ${JSON.stringify(subjects)} }`;
  return [
    'authorization: {',
    '  users: [',
    ...users.map(
      ({ publicKey, publish, subscribe }) =>
        `    { nkey: ${publicKey}, permissions: { publish: ${list(publish)}, subscribe: ${list(subscribe)}, allow_responses: { max: 16, expires: "1m" } } }`,
    ),
    '  ]',
    '}',
  ];
}
