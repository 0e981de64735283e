/**
 * Owns the text of new configuration files: for people, who read and change them.
 */
import { stringify } from 'smol-toml';
import type { Role } from '../../src/config/roles.ts';
import { FILES } from './organisation.ts';

export interface RoleText {
  readonly role: Exclude<Role, 'client'> | { readonly party: string };
  readonly deployment: string;
  readonly organisation: string;
  /** URLs of the brokers. */
  readonly nats: readonly string[];
  /** Copies of the log, which the coordinator makes. */
  readonly logCopies: number;
}

/** What a role is called: its file, its key, its state. */
export const placeOf = (role: RoleText['role']): string =>
  typeof role === 'string' ? role : `party-${role.party}`;

export function roleText({ role, deployment, organisation, nats, logCopies }: RoleText): string {
  const place = placeOf(role);
  const isParty = typeof role !== 'string';
  const settings = {
    role: isParty ? 'client' : role,
    deployment,
    nats,
    ...(role === 'coordinator' && logCopies > 1 ? { logCopies } : {}),
    state: `state/${place}`,
    key: `keys/${place}.seed`,
    trust: FILES.trust,
    tls: { ca: FILES.authorities },
    ...(isParty ? { client: { party: role.party, approve: [] } } : {}),
  };
  return `# ${place} of ${deployment}, run by ${organisation}. Paths are relative to this file. Start it with
#   mpc --role=${settings.role} --config ${place}.toml
${stringify(settings)}
${isParty ? PARTY_HINTS : ''}${FACED.includes(settings.role) ? FACE_HINT : ''}`;
}

const FACED = ['coordinator', 'client'];

const PARTY_HINTS = `# approve = ["digest"]         descriptors that this party has read and agrees to: rows go to no other
# tables = { payroll = "acme.csv" }   its rows
# create = "descriptor.json"   a collaboration that it opens (mpc describe writes one)
# result = "result.json"       where it puts a result
`;

const FACE_HINT = `
# [api]                        over HTTP, too
# listen = "127.0.0.1:8080"
`;

export interface BrokerText {
  readonly deployment: string;
  readonly organisation: string;
  readonly listen: string;
  readonly certificate: string;
  readonly certificateKey: string;
  readonly cluster?: { readonly listen: string; readonly routes: Readonly<Record<string, string>> };
  readonly leaves?: { readonly listen: string; readonly organisations: readonly string[] };
  readonly hub?: { readonly organisation: string; readonly address: string };
}

export function brokerText(options: BrokerText): string {
  const { deployment, organisation, listen, certificate, certificateKey, cluster, leaves, hub } = options;
  const settings = {
    broker: organisation,
    deployment,
    listen,
    directory: 'broker',
    trust: FILES.trust,
    tls: { certificate, key: certificateKey },
    ...(cluster === undefined ? {} : { cluster }),
    ...(leaves === undefined ? {} : { leaves }),
    ...(hub === undefined ? {} : { hub: { ...hub, key: FILES.brokerKey } }),
  };
  return `# The broker of ${organisation} for ${deployment}. Paths are relative to this file. Start it with
#   mpc broker --config broker.toml
${stringify(settings)}\n`;
}
