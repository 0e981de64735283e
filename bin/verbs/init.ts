/**
 * Owns `mpc init`: an organisation's part of a deployment, from nothing to configuration files that start. Called again, it adds
 * what is new and leaves what is there.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { copiesOn } from '../../src/bus/nats-log.ts';
import type { Address } from '../../src/bus/subjects.ts';
import { checkName } from '../../src/bus/subjects.ts';
import { isLoopback, parseListen } from '../../src/config/api-config.ts';
import { type Card, cardFingerprint } from '../../src/config/card.ts';
import type { Role } from '../../src/config/roles.ts';
import { fingerprint } from '../../src/identity/identity.ts';
import { brokerText, placeOf, type RoleText, roleText } from '../local/config-text.ts';
import { FILES, OrganisationDirectory } from '../local/organisation.ts';

export interface InitOptions {
  readonly deployment: string;
  readonly organisation: string;
  readonly dir?: string;
  readonly role: readonly string[];
  readonly party: readonly string[];
  /** `host:port` of its own broker. */
  readonly broker?: string;
  /** Further names and addresses of that broker, for its certificate. */
  readonly brokerName: readonly string[];
  /** `organisation=host:port`: where other brokers listen for this one. */
  readonly route: readonly string[];
  readonly routePort: number;
  /** Organisations whose brokers join this one. */
  readonly leaf: readonly string[];
  readonly leafPort: number;
  /** `organisation=host:port`: the broker that this one joins. */
  readonly hub?: string;
  readonly nats: readonly string[];
  readonly certificate?: string;
  readonly certificateKey?: string;
  /** File of the authority that the certificate comes from, where machines do not know it anyway. */
  readonly authority?: string;
  readonly json?: boolean;
}

type Service = Exclude<Role, 'client'>;
const EVERYTHING: readonly Service[] = ['coordinator', 'server-a', 'server-b', 'server-c', 'dealer'];

export async function init(options: InitOptions): Promise<void> {
  const deployment = checkName('deployment', options.deployment);
  const organisation = checkName('organisation', options.organisation);
  const isAll = options.role.length + options.party.length === 0 && options.broker === undefined;
  const roles: RoleText['role'][] = [
    ...(isAll ? EVERYTHING : options.role.map(service)),
    ...options.party.map((party) => ({ party: checkName('party', party) })),
  ];
  const broker = options.broker ?? (isAll ? '127.0.0.1:4222' : undefined);
  const directory = new OrganisationDirectory(options.dir ?? deployment);
  const before = directory.has(FILES.card) ? directory.card() : undefined;
  if (before !== undefined && (before.deployment !== deployment || before.organisation !== organisation))
    throw new MpcError(
      'init.other',
      `${directory.root} is of ${before.organisation} in the deployment ${before.deployment}`,
      { hint: 'name the same, or another --dir', exitCode: EXIT.usage },
    );
  if (broker !== undefined) addressIn(broker, '--broker');
  const nats = options.nats.length > 0 ? options.nats : broker === undefined ? [] : [`tls://${broker}`];
  if (nats.length === 0 && roles.length > 0)
    throw new MpcError('usage.nats', 'which broker do these roles speak through?', {
      hint: 'add --nats tls://HOST:PORT of the organisation that runs one, or --broker HOST:PORT for an own one',
      exitCode: EXIT.usage,
    });
  const brokerFile = broker === undefined ? undefined : ownBrokerText(options, broker);
  for (const file of [options.certificate, options.certificateKey, options.authority])
    if (file !== undefined) readText(file);
  directory.make();
  const keys: Record<string, string> = { ...before?.keys };
  for (const role of roles)
    keys[placeOf(role)] = directory.publicKey(`keys/${placeOf(role)}.seed`, systemRandom);
  const joins =
    options.hub === undefined ? {} : { broker: directory.publicKey(FILES.brokerKey, systemRandom) };
  const authority = broker === undefined ? {} : await certify(directory, options, broker);
  // Before the files that start something: they are complete as soon as they are there.
  const card: Card = { ...before, deployment, organisation, keys, ...joins, ...authority };
  directory.saveCard(card);
  if (brokerFile !== undefined) directory.writeNew(FILES.broker, brokerFile);
  const logCopies = copiesOn(options.route.length + 1);
  for (const role of roles)
    directory.writeNew(
      `${placeOf(role)}.toml`,
      roleText({ role, deployment, organisation, nats, logCopies }),
    );
  report(directory, card, roles, broker !== undefined);
  const answer = { organisation, deployment, fingerprint: cardFingerprint(card), made: directory.made, keys };
  process.stdout.write(`${options.json === true ? JSON.stringify(answer) : cardFingerprint(card)}\n`);
}

function service(role: string): Service {
  const found = EVERYTHING.find((name) => name === role);
  if (found === undefined)
    throw new MpcError('usage.role', `${JSON.stringify(role)} is no role that an organisation runs`, {
      hint: `there are ${EVERYTHING.join(', ')}; a party is --party NAME`,
      exitCode: EXIT.usage,
    });
  return found;
}

function addressIn(text: string, option: string): { host: string; port: number } {
  const address = parseListen(text);
  if (address !== undefined) return address;
  throw new MpcError('usage.address', `${option} ${JSON.stringify(text)} is no address`, {
    hint: 'write host:port, for example 10.0.0.1:4222',
    exitCode: EXIT.usage,
  });
}

function named(text: string, option: string): [string, string] {
  const [, organisation = '', address = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (organisation === '')
    throw new MpcError(
      'usage.address',
      `${option} ${JSON.stringify(text)} does not say whose broker is where`,
      {
        hint: `write ${option} south=10.0.0.2:6222`,
        exitCode: EXIT.usage,
      },
    );
  addressIn(address, option);
  return [checkName('organisation', organisation), address];
}

/** Certificates of the organisation's own, or made here; then its authority is for the others to know. */
async function certify(
  directory: OrganisationDirectory,
  options: InitOptions,
  broker: string,
): Promise<{ authority?: string }> {
  if (options.certificate !== undefined)
    return options.authority === undefined ? {} : { authority: readText(options.authority) };
  const { deployment, organisation } = options;
  const { certifyBroker, makeAuthority } = await import('../../src/broker/certificates.ts');
  if (!directory.has(FILES.authorityKey)) {
    const made = await makeAuthority(organisation, deployment, Date.now());
    directory.writeNew(FILES.authorityKey, made.key, 0o600);
    directory.writeNew(FILES.authority, made.certificate);
  }
  const read = (name: string): string => readFileSync(directory.path(name), 'utf8');
  const authority = { certificate: read(FILES.authority), key: read(FILES.authorityKey) };
  if (!directory.has(FILES.certificate)) {
    const { host } = addressIn(broker, '--broker');
    const hosts = [...new Set([host, ...options.brokerName, ...(isLoopback(host) ? ['localhost'] : [])])];
    const made = await certifyBroker(authority, hosts, Date.now());
    directory.writeNew(FILES.certificateKey, made.key, 0o600);
    directory.writeNew(FILES.certificate, made.certificate);
  }
  return { authority: authority.certificate };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new MpcError('usage.certificate', 'this file cannot be read', {
      place: { file },
      exitCode: EXIT.noInput,
    });
  }
}

function ownBrokerText(options: InitOptions, listen: string): string {
  const {
    deployment,
    organisation,
    route,
    routePort,
    leaf,
    leafPort,
    hub,
    certificate,
    certificateKey,
    authority,
  } = options;
  const host = listen.slice(0, listen.lastIndexOf(':'));
  const [to, address] = hub === undefined ? [] : named(hub, '--hub');
  const isWhole = (certificate === undefined) === (certificateKey === undefined);
  if (!isWhole || (authority !== undefined && certificate === undefined))
    throw new MpcError(
      'usage.certificate',
      'a certificate needs its key, a key and an authority a certificate',
      {
        hint: 'give both --certificate and --certificate-key, and --authority with them; or none',
        exitCode: EXIT.usage,
      },
    );
  return brokerText({
    deployment,
    organisation,
    listen,
    certificate: certificate === undefined ? FILES.certificate : resolve(certificate),
    certificateKey: certificateKey === undefined ? FILES.certificateKey : resolve(certificateKey),
    ...(route.length === 0
      ? {}
      : {
          cluster: {
            listen: `${host}:${routePort}`,
            routes: Object.fromEntries(route.map((text) => named(text, '--route'))),
          },
        }),
    ...(leaf.length === 0 ? {} : { leaves: { listen: `${host}:${leafPort}`, organisations: leaf } }),
    ...(to === undefined || address === undefined ? {} : { hub: { organisation: to, address } }),
  });
}

function report(
  directory: OrganisationDirectory,
  card: Card,
  roles: readonly RoleText['role'][],
  hasBroker: boolean,
): void {
  const { organisation, deployment, keys } = card;
  const made = directory.made.length === 0 ? 'nothing is new' : `made ${directory.made.join(', ')}`;
  const places = roles.map(placeOf);
  process.stderr.write(`${organisation}'s part of ${deployment} is in ${directory.root}: ${made}\n`);
  for (const place of places)
    process.stderr.write(`  ${place.padEnd(16)} ${fingerprint(keys[place as Address] ?? '')}\n`);
  process.stderr.write(`
1. Give ${directory.path(FILES.card)} to the other organisations, and read them its fingerprint by voice:
     ${cardFingerprint(card)}
2. Add each of theirs:    mpc trust add THEIR-CARD.toml --dir ${directory.root}
3. Check everything:      mpc config check ${directory.root}/*.toml
4. Start, in any order:
${[...(hasBroker ? [`mpc broker --config ${directory.path(FILES.broker)}`] : []), ...places.map((place) => `mpc --role=${place.startsWith('party-') ? 'client' : place} --config ${directory.path(`${place}.toml`)}`)].map((line) => `     ${line}\n`).join('')}`);
}
