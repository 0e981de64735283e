/**
 * Where the brokers and the coordinators of a test live: each in a network namespace of its own, with a wire to one switch, where the
 * machine allows that; else each on a loopback address of its own. `leave` removes what was made.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { type ClusterMember, planCluster } from '../../src/broker/cluster.ts';
import type { FoundBroker } from '../../src/broker/find.ts';

export interface Places {
  /** For people: what kind of places these are. */
  readonly what: string;
  readonly brokers: readonly ClusterMember[];
  /** `host:port` of each coordinator's REST face. */
  readonly coordinators: readonly { readonly listen: string }[];
  /** The broker's program at its place. */
  readonly brokerAt: (index: number, binary: FoundBroker) => FoundBroker;
  /** A coordinator's command line at its place. */
  readonly coordinatorAt: (index: number, command: readonly string[]) => readonly string[];
  readonly leave: () => void;
}

export interface PlacesWanted {
  /** For what belongs to the places. */
  readonly directory: string;
  readonly brokers: number;
  readonly coordinators: number;
}

const FIRST_COORDINATOR = 11;
const CLIENTS_PORT = 4222;
const ROUTES_PORT = 6222;
const REST_PORT = 8080;

/** Brokers on 127.0.0.1, .2, …; coordinators on 127.0.0.11, .12, … */
export async function onLoopback({ directory, brokers, coordinators }: PlacesWanted): Promise<Places> {
  const hosts = Array.from({ length: brokers }, (_, index) => `127.0.0.${index + 1}`);
  const replicas = Array.from({ length: coordinators }, (_, index) => `127.0.0.${FIRST_COORDINATOR + index}`);
  return {
    what: 'loopback addresses',
    brokers: await planCluster({ directory, hosts }),
    coordinators: await Promise.all(
      replicas.map(async (host) => ({ listen: `${host}:${await freePort(host)}` })),
    ),
    brokerAt: (_, binary) => binary,
    coordinatorAt: (_, command) => command,
    leave: () => {},
  };
}

/** Undefined where the machine does not let us: that takes root and iproute2's `ip`. */
export function inNamespaces({ directory, brokers, coordinators }: PlacesWanted): Places | undefined {
  const made: (readonly string[])[] = [];
  const leave = (): void => {
    for (const undo of made.splice(0).reverse()) tryIp(...undo);
  };
  try {
    const tag = `mpc${process.pid.toString(36)}`;
    // 198.18.0.0/15 is set aside for tests between networks; nobody else is there.
    const network = `198.18.${process.pid % 256}`;
    const bridge = `${tag}s`;
    ip('link', 'add', bridge, 'type', 'bridge');
    made.push(['link', 'del', bridge]);
    ip('addr', 'add', `${network}.254/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    const namespaces = Array.from({ length: brokers + coordinators }, (_, index) => {
      const [name, here, there] = [`${tag}-${index}`, `${tag}a${index}`, `${tag}b${index}`];
      ip('netns', 'add', name);
      made.push(['netns', 'del', name]);
      ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there);
      made.push(['link', 'del', here]);
      ip('link', 'set', there, 'netns', name);
      ip('link', 'set', here, 'master', bridge, 'up');
      ip('-n', name, 'addr', 'add', `${network}.${index + 1}/24`, 'dev', there);
      ip('-n', name, 'link', 'set', there, 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      return name;
    });
    const hosts = namespaces.map((_, index) => `${network}.${index + 1}`);
    const routes = hosts.slice(0, brokers).map((host) => `nats://${host}:${ROUTES_PORT}`);
    return {
      what: `${namespaces.length} network namespaces`,
      brokers: hosts.slice(0, brokers).map((host, index) => ({
        directory: join(directory, `broker-${index + 1}`),
        host,
        port: CLIENTS_PORT,
        url: `nats://${host}:${CLIENTS_PORT}`,
        cluster: {
          name: 'mpc',
          server: `broker-${index + 1}`,
          port: ROUTES_PORT,
          routes: routes.filter((_, at) => at !== index),
        },
      })),
      coordinators: hosts.slice(brokers).map((host) => ({ listen: `${host}:${REST_PORT}` })),
      brokerAt: (index, binary) => ({
        ...binary,
        path: inside(join(directory, `place-${index + 1}`), namespaces[index] ?? '', binary.path),
      }),
      coordinatorAt: (index, command) => [
        'ip',
        'netns',
        'exec',
        namespaces[brokers + index] ?? '',
        ...command,
      ],
      leave,
    };
  } catch {
    leave();
    return undefined;
  }
}

/** A program of the same name that is the given one in that namespace: `ip netns exec` becomes it, with the same process id. */
function inside(directory: string, namespace: string, program: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, basename(program));
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} '${program}' "$@"\n`, { mode: 0o700 });
  return path;
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: 'ignore', timeout: 20_000 });
};

function tryIp(...args: readonly string[]): void {
  try {
    ip(...args);
  } catch {
    // What is gone already need not be removed: deleting a namespace takes its wires along.
  }
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
