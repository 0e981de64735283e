/**
 * Owns the way of a command line to the coordinators: which URLs, whose key, which session.
 * Must never send a token or password where the wire could be read.
 */
import { failoverFetch } from '../../src/api/calls/failover.ts';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { isLoopback } from '../../src/config/api-config.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { httpDirectory } from '../../src/directory/client/http.ts';
import { signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import type { Proof } from '../../src/directory/views.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import type { AccountHome, HomeOptions, Profile } from './home.ts';
import { readPassword, type SecretSource } from './secret.ts';

export interface DirectoryOptions extends HomeOptions, SecretSource {
  readonly coordinator?: readonly string[];
  readonly insecureHttp?: boolean;
}

/** The URLs asked for: the option, the environment's, or those that the account was last used with. Throws `usage.coordinator`. */
export function coordinatorUrls(options: DirectoryOptions, profile?: Profile): readonly string[] {
  const given = options.coordinator ?? [];
  const urls =
    given.length > 0
      ? given
      : (process.env.MPC_COORDINATORS?.split(',').map((url) => url.trim()) ?? profile?.coordinators ?? []);
  if (urls.length === 0)
    throw new MpcError('usage.coordinator', "no coordinator's URL is known", {
      hint: 'give --coordinator URL (repeat for each replica), or set MPC_COORDINATORS',
      exitCode: EXIT.usage,
    });
  for (const url of urls) checkUrl(url, options.insecureHttp === true);
  return urls;
}

export const callsTo = (
  urls: readonly string[],
  onPassedOver?: (url: string, why: string) => void,
): DirectoryCalls =>
  httpDirectory({
    base: urls[0] ?? '',
    request: failoverFetch({
      urls,
      clock: systemClock,
      random: systemRandom,
      ...(onPassedOver === undefined ? {} : { onPassedOver }),
    }),
    clock: systemClock,
  });

/** A token that is in force: the saved one, or that of a new session, which is saved. */
export async function signedIn(
  home: AccountHome,
  profile: Profile,
  calls: DirectoryCalls,
  options: SecretSource & { readonly lifetimeMs?: number; readonly anew?: boolean },
): Promise<string> {
  const saved = home.session;
  if (options.anew !== true && saved !== undefined && saved.expiresMs > systemClock.now() + 60_000)
    return saved.token;
  const token = newToken(systemRandom);
  const { account } = profile;
  const lifetime = options.lifetimeMs === undefined ? {} : { lifetimeMs: options.lifetimeMs };
  const proof = await proofOf('session', profile, token, options);
  const { expiresMs } =
    'password' in proof
      ? await calls.login({ account, ...lifetime, ...proof, token })
      : await calls.login({ account, ...lifetime, ...proof, session: tokenDigest(token) });
  home.saveSession({ token, expiresMs });
  return token;
}

/** By the account's key where it is here, by its password otherwise. */
export async function proofOf(
  kind: 'session' | 'change' | 'delete',
  { account, deployment, key }: Profile,
  token: string,
  options: SecretSource,
): Promise<Proof> {
  if (key === null || options.passwordFile !== undefined)
    return { password: await readPassword(`password of ${account}: `, options) };
  const atMs = systemClock.now();
  const statement = { kind, account, session: tokenDigest(token), atMs } as const;
  return { atMs, signature: signStatement(deployment, loadIdentity(key), statement) };
}

function checkUrl(text: string, insecure: boolean): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '')
    throw new MpcError('usage.coordinator', `${JSON.stringify(text)} is no coordinator's URL`, {
      hint: 'write https://coordinator.example:8443',
      exitCode: EXIT.usage,
    });
  const isNear = isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  if (url.protocol === 'http:' && !isNear && !insecure)
    throw new MpcError(
      'usage.insecure',
      `${text} is not encrypted: tokens and passwords could be read on the way`,
      {
        hint: 'use https, or --insecure-http where the network itself is private',
        exitCode: EXIT.usage,
      },
    );
}
