/**
 * Owns `mpc broker`: the configuration of one nats-server, for this deployment and its enrolled keys, on standard output.
 * Must never hold a secret: whoever runs brokers on several machines adds TLS and the routes' own login to it.
 */
import { resolve } from 'node:path';
import { brokerConfig } from '../../src/broker/config.ts';
import { permissionsOf } from '../../src/bus/permissions.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';

export interface BrokerOptions {
  readonly config: string;
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  readonly server?: string;
  readonly routePort: number;
  readonly route: readonly string[];
}

export function broker(options: BrokerOptions): void {
  const { config, directory, host, port, server, routePort, route } = options;
  const { deployment, trust } = loadRoleConfig(config, {}, process.env);
  const cluster =
    route.length === 0
      ? {}
      : { cluster: { name: 'mpc', server: server ?? host, port: routePort, routes: route } };
  const users = permissionsOf(deployment, trust);
  process.stdout.write(brokerConfig({ directory: resolve(directory), host, port, users, ...cluster }));
}
