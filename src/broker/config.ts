/**
 * Owns the configuration text of a broker that we start: loopback only, JetStream in its own directory, and an
 * acknowledgement that means "on disk".
 * Must never hold a secret: logins are public keys, and the broker relays ciphertext.
 */
import type { Permissions } from '../bus/permissions.ts';

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
}

export interface BrokerConfig {
  /** Absolute; holds the store, the log file and the ports file. */
  readonly directory: string;
  /** The address that it listens on: this machine only, unless another is given. */
  readonly host?: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  /** Without it the broker stands alone. */
  readonly cluster?: BrokerCluster;
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

export function brokerConfig({ directory, host = '127.0.0.1', port, cluster, users }: BrokerConfig): string {
  const lines = [
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
    'jetstream: {',
    `  store_dir: ${JSON.stringify(`${directory}/${BROKER_FILES.store}`)}`,
    '  sync_interval: always',
    '}',
    ...(cluster === undefined ? [] : membership(cluster, host)),
    ...(users === undefined ? [] : authorization(users)),
  ];
  return `${lines.join('\n')}\n`;
}

function membership({ name, server, port, routes }: BrokerCluster, host: string): string[] {
  return [
    `server_name: ${JSON.stringify(server)}`,
    'cluster: {',
    `  name: ${JSON.stringify(name)}`,
    `  host: ${JSON.stringify(host)}`,
    `  port: ${port}`,
    `  routes: ${JSON.stringify(routes)}`,
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
