/**
 * Owns which way a command line reaches the coordinators: over HTTP at their URLs, or over the brokers of a party's configuration,
 * logged in with the key that it names. Must never fall back from one to the other: whoever names a way has a reason.
 *
 * `--config` means the brokers, `--coordinator` (or MPC_COORDINATORS) the URLs; without either it is what the account was last used with.
 */
import { resolve } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig, type RoleConfig } from '../../src/config/role-config.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { callsTo, coordinatorUrls, type DirectoryOptions } from './directory.ts';
import { type AccountHome, openHome, type Profile } from './home.ts';

export interface WayOptions extends DirectoryOptions {
  /** A party's configuration. */
  readonly config?: string;
  readonly nats?: string;
}

export interface Way {
  readonly calls: DirectoryCalls;
  /** What the account remembers of it. */
  readonly remembered: Pick<Profile, 'coordinators' | 'config'>;
}

const CONNECT_MS = 30_000;

/** The options with what a configuration says of them: its deployment, and its party's account unless another is named. */
export function placed<Options extends WayOptions>(
  options: Options,
): Options & { readonly role?: RoleConfig } {
  if (options.config === undefined) return options;
  if ((options.coordinator ?? []).length > 0)
    throw new MpcError('usage.two-ways', '--config means its brokers, --coordinator a URL', {
      hint: 'give one of them',
      exitCode: EXIT.usage,
    });
  const role = roleIn(options.config, options.nats);
  const account = options.account ?? process.env.MPC_ACCOUNT ?? role.client?.party;
  return { ...options, role, deployment: role.deployment, ...(account === undefined ? {} : { account }) };
}

/** Leaves the brokers when `act` is done. */
export async function onTheWay<Result>(
  options: WayOptions & { readonly role?: RoleConfig },
  profile: Profile | undefined,
  act: (way: Way) => Promise<Result>,
): Promise<Result> {
  const role = options.role ?? rememberedRole(options, profile);
  const config = options.config ?? profile?.config;
  if (role === undefined || config === undefined) {
    const coordinators = [...coordinatorUrls(options, profile)];
    return act({ calls: callsTo(coordinators), remembered: { coordinators } });
  }
  const coordinatorKey = role.trust.coordinator;
  if (coordinatorKey === undefined) throw noCoordinator(config);
  const me = addressOf(role);
  const bus = await connectNats({
    ...brokerAccess(role),
    name: me,
    identity: loadIdentity(role.key),
    connectTimeoutMs: CONNECT_MS,
  });
  const { deployment } = role;
  const parts = { bus, deployment, me, coordinatorKey, clock: systemClock, random: systemRandom };
  try {
    const coordinators = profile?.coordinators ?? [];
    return await act({
      calls: natsDirectory(parts),
      remembered: { coordinators, config: resolve(config) },
    });
  } finally {
    await bus.close();
  }
}

/** An account that is kept on this machine, and a way to its coordinators. */
export async function atHome<Options extends WayOptions, Result>(
  options: Options,
  act: (at: Way & { readonly home: AccountHome; readonly profile: Profile }) => Promise<Result>,
): Promise<Result> {
  const given = placed(options);
  const home = openHome(given);
  const { profile } = home;
  if (profile === undefined) throw new Error('a home that was found has a profile');
  return onTheWay(given, profile, (way) => act({ ...way, home, profile }));
}

function rememberedRole(
  { coordinator = [], nats }: WayOptions,
  profile: Profile | undefined,
): RoleConfig | undefined {
  const isNamed = coordinator.length > 0 || process.env.MPC_COORDINATORS !== undefined;
  if (profile?.config !== undefined && !isNamed) return roleIn(profile.config, nats);
  if (nats === undefined) return undefined;
  throw new MpcError('usage.config', '--nats says where brokers are, not who logs in there', {
    hint: "give --config, your party's configuration, too",
    exitCode: EXIT.usage,
  });
}

const roleIn = (file: string, nats?: string): RoleConfig =>
  loadRoleConfig(file, nats === undefined ? {} : { nats }, process.env);

const noCoordinator = (file: string): MpcError =>
  new MpcError('config.invalid', "the coordinators' key is not known", {
    hint: "add the card of the organisation that runs a coordinator: mpc trust add CARD; or coordinator = '…' under [trust]",
    place: { file },
    exitCode: EXIT.badConfig,
  });
