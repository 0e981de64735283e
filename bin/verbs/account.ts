/**
 * Owns `mpc account …`: register, sign in and out, look others up, trust a key, change, delete.
 * Must never print a secret unless it is what was asked for (`token`), nor take one from the command line.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { allAccounts } from '../../src/directory/client/calls.ts';
import { accountFingerprint, Pins } from '../../src/directory/client/pins.ts';
import { checkAccountName } from '../../src/directory/names.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import type { AccountView } from '../../src/directory/views.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../../src/identity/identity.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { proofOf, signedIn } from '../local/directory.ts';
import { gridLines } from '../local/grid.ts';
import { deploymentOf, makeHome, openHome, type Profile } from '../local/home.ts';
import { screenOf } from '../local/screen.ts';
import { readNewPassword } from '../local/secret.ts';
import { atHome, onTheWay, placed, type WayOptions } from '../local/way.ts';

export interface AccountOptions extends WayOptions {
  readonly json?: boolean;
}

export interface RegisterOptions extends AccountOptions {
  readonly password?: boolean;
  readonly keys: boolean;
  readonly key?: string;
  readonly partyKey?: string;
}

export async function register(name: string, options: RegisterOptions): Promise<void> {
  const account = checkAccountName(name);
  const given = placed(options);
  await onTheWay(given, undefined, async ({ calls, remembered }) => {
    const home = makeHome(given, account);
    // The account of a configuration's party is opened by the party's key.
    const named = options.key ?? (given.role?.client?.party === account ? given.role.key : undefined);
    const key = options.keys ? resolve(named ?? home.keyFile) : null;
    const wantsPassword = options.password === true || options.passwordFile !== undefined || key === null;
    const password = wantsPassword ? await readNewPassword(options) : undefined;
    if (key !== null && named === undefined && !existsSync(key))
      saveIdentity(key, createIdentity(systemRandom));
    const profile = { account, deployment: deploymentOf(given), ...remembered, key, earlierKeys: [] };
    const keys = key === null ? undefined : await keysOf(profile, key, options.partyKey);
    try {
      const made = await calls.register(
        { account, ...(password === undefined ? {} : { password }), ...(keys === undefined ? {} : { keys }) },
        newCommandId(systemRandom),
      );
      home.saveProfile(profile);
      tell(options, made, [
        `registered ${account}${made.party ? ', as the party of that name' : ''}`,
        ...fingerprintLines(made),
      ]);
    } catch (error) {
      // An earlier attempt may have come through: then the key here opens the account.
      if (!(error instanceof MpcError) || error.code !== 'account.exists' || key === null) throw error;
      await signedIn(home, { version: 1, ...profile }, calls, { anew: true }).catch(() => {
        throw error;
      });
      home.saveProfile(profile);
      done(
        options,
        { account, registered: 'earlier' },
        `${account} is registered already, with the key that is here`,
      );
    }
  });
}

export interface LoginOptions extends AccountOptions {
  readonly key?: string;
  readonly hours?: number;
}

export async function login(name: string | undefined, options: LoginOptions): Promise<void> {
  const { key } = options;
  const given = placed(name === undefined ? options : { ...options, account: name });
  const home = name === undefined ? openHome(given) : makeHome(given, name);
  const known = home.profile;
  await onTheWay(given, known, async ({ calls, remembered }) => {
    const account = known?.account ?? checkAccountName(name ?? '');
    const profile: Profile = {
      version: 1,
      account,
      deployment: deploymentOf(given),
      ...remembered,
      key: key === undefined ? (known?.key ?? null) : resolve(key),
      earlierKeys: known?.earlierKeys ?? [],
    };
    const lifetime = options.hours === undefined ? {} : { lifetimeMs: options.hours * 3600_000 };
    await signedIn(home, profile, calls, { ...options, ...lifetime, anew: true });
    home.saveProfile(profile);
    done(options, { account }, `signed in as ${account}; the session is kept in ${home.directory}`);
  });
}

export async function logout(options: AccountOptions): Promise<void> {
  await atHome(options, async ({ home, calls }) => {
    const { session } = home;
    if (session !== undefined)
      await calls.logout(session.token).catch((error) => {
        if (!(error instanceof MpcError) || !error.code.startsWith('session.')) throw error;
      });
    home.forgetSession();
    done(options, { account: home.profile?.account }, 'signed out');
  });
}

/** On standard output, for other programs: `curl -H "Authorization: Bearer $(mpc account token)"`. */
export async function token(options: AccountOptions): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const session = await signedIn(home, profile, calls, options);
    process.stdout.write(options.json === true ? `${JSON.stringify({ token: session })}\n` : `${session}\n`);
  });
}

export async function list(pattern: string, options: AccountOptions): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const session = await signedIn(home, profile, calls, options);
    const found = await allAccounts(calls, session, pattern);
    if (options.json === true) process.stdout.write(`${JSON.stringify({ accounts: found })}\n`);
    else if (found.length > 0) process.stdout.write(`${accountLines(found).join('\n')}\n`);
  });
}

export async function show(name: string, options: AccountOptions): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const view = await calls.account(await signedIn(home, profile, calls, options), name);
    const known = new Pins(home.pins).keysOf(name);
    const { keys } = view;
    const isKnown = known !== undefined && known.signing === keys?.signing && known.sealing === keys.sealing;
    const note =
      known === undefined
        ? 'its key has not been seen here before'
        : isKnown
          ? 'its key is the one known here'
          : `ITS KEY HAS CHANGED: known here is ${accountFingerprint(known)}`;
    tell(options, view, [...accountLines([view]), ...fingerprintLines(view), note]);
  });
}

/** After its owner has read the fingerprint out. */
export async function trust(
  name: string,
  options: AccountOptions & { readonly fingerprint?: string },
): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const view = await calls.account(await signedIn(home, profile, calls, options), name);
    const { keys } = view;
    if (keys === null)
      throw new MpcError('account.no-keys', `${name} has published no keys`, { exitCode: EXIT.noInput });
    const now = accountFingerprint(keys);
    const said = options.fingerprint ?? (await answer(`fingerprint of ${name}, as its owner reads it out: `));
    if (said.trim().toLowerCase() !== now)
      throw new MpcError(
        'account.fingerprint',
        `the coordinators say ${now}: that is not what was read out`,
        {
          hint: 'somebody may stand between you: do not write to this account',
          exitCode: EXIT.protocol,
        },
      );
    new Pins(home.pins).trust(view, systemClock.now());
    done(
      options,
      { account: name, fingerprint: now },
      `the key ${now} is known as that of ${name} from now on`,
    );
  });
}

export async function password(
  options: AccountOptions & { readonly newPasswordFile?: string },
): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const session = await signedIn(home, profile, calls, options);
    const proof = await proofOf('change', profile, session, options);
    const { newPasswordFile } = options;
    const next = await readNewPassword(
      newPasswordFile === undefined ? {} : { passwordFile: newPasswordFile },
    );
    await calls.change(session, { password: next }, proof);
    done(options, { account: profile.account }, 'the password is changed; all other places are signed out');
  });
}

export async function rekey(options: AccountOptions & { readonly partyKey?: string }): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const session = await signedIn(home, profile, calls, options);
    const proof = await proofOf('change', profile, session, options);
    const key = resolve(home.directory, `key-${systemClock.now()}.seed`);
    saveIdentity(key, createIdentity(systemRandom));
    const keys = await keysOf(profile, key, options.partyKey);
    await calls.change(session, { keys }, proof);
    const earlierKeys = profile.key === null ? profile.earlierKeys : [profile.key, ...profile.earlierKeys];
    home.saveProfile({ ...profile, key, earlierKeys });
    const fingerprint = accountFingerprint(keys);
    done(
      options,
      { account: profile.account, fingerprint },
      `the key is changed: ${fingerprint}\nothers see that, and will ask you whether it is so`,
    );
  });
}

export async function remove(options: AccountOptions & { readonly yes?: boolean }): Promise<void> {
  await atHome(options, async ({ home, profile, calls }) => {
    const { account } = profile;
    if (options.yes !== true) {
      const typed = await answer(`type ${account} to delete it with its undelivered messages: `);
      if (typed.trim() !== account)
        throw new MpcError('usage.not-sure', 'nothing was deleted', { exitCode: EXIT.usage });
    }
    const session = await signedIn(home, profile, calls, options);
    await calls.delete(session, await proofOf('delete', profile, session, options));
    home.forgetSession();
    done(options, { account }, `${account} is deleted; its key and history are still in ${home.directory}`);
  });
}

async function keysOf(
  { account, deployment }: Pick<Profile, 'account' | 'deployment'>,
  key: string,
  partyKey?: string,
) {
  const identity = loadIdentity(key);
  const sealing = sealingKeyOf(identity).publicKey;
  const party = partyKey === undefined ? {} : { party: loadIdentity(partyKey) };
  return sayKeys({ deployment, account, identity, sealing, ...party, nowMs: systemClock.now() });
}

/** A sentence for people, beside the answers; for programs what it is about. */
function done({ json }: AccountOptions, value: object, sentence: string): void {
  if (json === true) process.stdout.write(`${JSON.stringify(value)}\n`);
  else process.stderr.write(`${sentence}\n`);
}

function tell({ json }: AccountOptions, view: AccountView, lines: readonly string[]): void {
  process.stdout.write(json === true ? `${JSON.stringify(view)}\n` : `${lines.join('\n')}\n`);
}

const accountLines = (views: readonly AccountView[]): string[] =>
  gridLines(
    {
      columns: ['account', 'where', 'kind', 'key'].map((name) => ({ name })),
      rows: views.map(({ account, party, places, keys }) => [
        account,
        places === 0 ? 'away' : `here${places > 1 ? ` x${places}` : ''}`,
        party ? 'party' : '',
        keys === null ? 'no keys' : accountFingerprint(keys),
      ]),
    },
    screenOf(process.stdout, process.env),
  );

const fingerprintLines = ({ keys }: AccountView): string[] =>
  keys === null ? [] : [`fingerprint, to compare by voice: ${accountFingerprint(keys)}`];

async function answer(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
