/**
 * Owns `mpc config check`: everything that is wrong with configuration files, each with its line, before anything starts.
 * Must never print a key's secret half.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { EXIT, MpcError, reportOf } from '../../src/base/errors.ts';
import { checkBrokerConfig, isBrokerFile, type OwnBroker } from '../../src/config/broker-config.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { loadCard } from '../../src/config/card.ts';
import { type ConfigFault, faultAt } from '../../src/config/faults.ts';
import { addressOf, checkRoleConfig, type RoleConfig } from '../../src/config/role-config.ts';
import { type Path, readToml, type TomlFile } from '../../src/config/toml.ts';
import { loadTrust } from '../../src/config/trust-file.ts';
import { loadIdentity } from '../../src/identity/identity.ts';

/** Exit code 78 where anything is wrong. */
export function configCheck(files: readonly string[], { json }: { readonly json?: boolean }): void {
  const faults = files.flatMap((file) => {
    const found = faultsIn(file);
    if (found.length === 0 && json !== true) process.stdout.write(`${file}: ok\n`);
    return found;
  });
  if (json === true) process.stdout.write(`${JSON.stringify({ files, faults })}\n`);
  for (const { file, line, setting, message, hint } of json === true ? [] : faults) {
    const place = line === undefined ? file : `${file}:${line}`;
    process.stdout.write(`${place}: ${setting === '' ? '' : `${setting}: `}${message}\n`);
    if (hint !== undefined) process.stdout.write(`    ${hint}\n`);
  }
  if (faults.length === 0) return;
  throw new MpcError('config.invalid', faults.length === 1 ? 'one fault' : `${faults.length} faults`, {
    exitCode: EXIT.badConfig,
  });
}

function faultsIn(file: string): readonly ConfigFault[] {
  try {
    const toml = readToml(file);
    if ('organisation' in toml.values) return nothingIn(loadCard(file));
    if ('organisations' in toml.values) return nothingIn(loadTrust(file));
    if (isBrokerFile(toml)) {
      const { broker, faults } = checkBrokerConfig(toml);
      return broker === undefined ? faults : brokerFiles(broker, toml);
    }
    const { config, faults } = checkRoleConfig(toml, {}, process.env);
    return config === undefined ? faults : roleFiles(config, toml);
  } catch (error) {
    const { message, hint, place } = reportOf(error);
    return [
      {
        file: place?.file ?? file,
        ...(place?.line === undefined ? {} : { line: place.line }),
        setting: '',
        message,
        ...(hint === undefined ? {} : { hint }),
      },
    ];
  }
}

const nothingIn = (_loaded: object): readonly ConfigFault[] => [];

/** What the files that a role's configuration names must hold. */
function roleFiles(config: RoleConfig, toml: TomlFile): ConfigFault[] {
  const me = addressOf(config);
  return [
    ...trying(toml, ['key'], () => {
      const { publicKey } = loadIdentity(config.key);
      if (config.trust[me] !== publicKey)
        throw new MpcError('config.wrong-key', `it is not the key that is trusted for ${me}`, {
          hint: `mpc key ${config.key} shows its public half`,
        });
    }),
    ...trying(toml, ['tls', 'ca'], () => void brokerAccess(config)),
  ];
}

function brokerFiles({ config, hub }: OwnBroker, toml: TomlFile): ConfigFault[] {
  const { tls, host } = config;
  return [
    ...(hub === undefined ? [] : trying(toml, ['hub', 'key'], () => void loadIdentity(hub.keyFile))),
    ...(tls === undefined
      ? []
      : trying(toml, ['tls', 'certificate'], () => checkCertificate(tls, host ?? '127.0.0.1'))),
  ];
}

function checkCertificate(tls: { readonly certificate: string; readonly key: string }, host: string): void {
  const certificate = new X509Certificate(readFileSync(tls.certificate));
  if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(tls.key))))
    throw new MpcError('config.wrong-key', `${tls.key} is not the key of this certificate`);
  if ((statSync(tls.key).mode & 0o077) !== 0)
    throw new MpcError('config.open-key', `${tls.key} is open to other users of this machine`, {
      hint: `run chmod 600 ${tls.key}`,
    });
  const ended = Date.parse(certificate.validTo) < Date.now();
  if (ended) throw new MpcError('config.expired', `the certificate ended on ${certificate.validTo}`);
  const isAny = host === '0.0.0.0' || host === '::';
  if (!isAny && (certificate.checkIP(host) ?? certificate.checkHost(host)) === undefined)
    throw new MpcError(
      'config.other-host',
      `the certificate is not for ${host} but for ${certificate.subjectAltName}`,
      {
        hint: 'roles reach the broker under a name that its certificate has; with this address in their nats setting they will refuse it',
      },
    );
}

function trying(toml: TomlFile, path: Path, act: () => void): ConfigFault[] {
  try {
    act();
    return [];
  } catch (error) {
    const { message, hint } = reportOf(error);
    return [faultAt(toml, path, message, hint)];
  }
}
