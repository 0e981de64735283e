/**
 * Owns `mpc broker`: an organisation's own nats-server in the foreground, or its configuration on standard output. SIGTERM stops it in
 * good order; SIGHUP makes it read configuration and trust file again.
 * Must never print a secret: what the broker logs in with elsewhere is in a file of its own.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BROKER_FILES, type BrokerConfig, brokerConfig } from '../../src/broker/config.ts';
import { brokerDied, startBroker } from '../../src/broker/start.ts';
import { loadBrokerConfig, type OwnBroker } from '../../src/config/broker-config.ts';
import { loadIdentity, saveBrokerLogin } from '../../src/identity/identity.ts';
import { brokerProgram } from '../local/own-broker.ts';

export interface BrokerOptions {
  readonly config: string;
  readonly print?: boolean;
  readonly natsServer?: string;
}

export async function broker(options: BrokerOptions): Promise<void> {
  const own = loadBrokerConfig(options.config);
  if (options.print === true) {
    process.stdout.write(brokerConfig(withFiles(own)));
    return;
  }
  const { directory } = own.config;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeLinks(own);
  const binary = await brokerProgram(options.natsServer);
  const running = await startBroker({ ...withFiles(own), binary });
  const url = own.config.tls === undefined ? running.url : running.url.replace('nats://', 'tls://');
  process.stderr.write(`${own.name}: ${url}, nats-server ${binary.version}\n`);
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    void running.stop();
  };
  const reload = (): void => {
    try {
      const again = loadBrokerConfig(options.config);
      writeLinks(again);
      replace(join(directory, BROKER_FILES.config), brokerConfig(withFiles(again)));
      process.kill(running.pid, 'SIGHUP');
      process.stderr.write(`${own.name}: configuration read again\n`);
    } catch (error) {
      // It goes on with what it has.
      process.stderr.write(`${own.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', reload);
  if (process.env.MPC_PARENT_PIPE === '1') process.stdin.resume().once('end', stop).once('error', stop);
  const exit = await running.exited;
  process.stdin.destroy();
  if (!stopping) throw brokerDied(exit);
}

/** Files that are made of the trust file, and of the broker's own key. */
const LINKS = {
  authorities: 'cluster-authorities.pem',
  hubAuthority: 'hub-authority.pem',
  login: 'hub-login.conf',
};

function withFiles({ name, config, cluster, hub }: OwnBroker): BrokerConfig {
  const at = (file: string): string => join(config.directory, file);
  return {
    ...config,
    server: name,
    ...(cluster === undefined
      ? {}
      : { cluster: { ...cluster, name: 'mpc', server: name, authorities: at(LINKS.authorities) } }),
    ...(hub === undefined
      ? {}
      : {
          hub: {
            url: hub.url,
            login: LINKS.login,
            ...(hub.authority === undefined ? {} : { authority: at(LINKS.hubAuthority) }),
          },
        }),
  };
}

function writeLinks({ config, clusterAuthorities, hub }: OwnBroker): void {
  const at = (file: string): string => join(config.directory, file);
  if (clusterAuthorities !== undefined) replace(at(LINKS.authorities), clusterAuthorities);
  if (hub === undefined) return;
  if (hub.authority !== undefined) replace(at(LINKS.hubAuthority), hub.authority);
  saveBrokerLogin(at(LINKS.login), loadIdentity(hub.keyFile));
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
