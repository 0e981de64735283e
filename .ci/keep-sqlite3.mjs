/**
 * Keeps the sqlite3 that `npm ci` compiled in npm's own cache, under the name its installer looks for, so that the next
 * `npm ci` on this machine does not compile it again. The package, the version and the install step stay what they are.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(join(root, 'package.json'));
const names = require('prebuild-install/util');
const pkg = require('sqlite3/package.json');

const options = {
  pkg,
  runtime: 'napi',
  abi: String(Math.max(...pkg.binary.napi_versions)),
  platform: process.platform,
  arch: process.arch,
  libc: '',
  'tag-prefix': 'v',
};
const kept = names.cachedPrebuild(names.getDownloadUrl(options));
const built = 'build/Release/node_sqlite3.node';
const folder = join(root, 'node_modules/sqlite3');
if (!existsSync(kept) && existsSync(join(folder, built))) {
  mkdirSync(dirname(kept), { recursive: true });
  execFileSync('tar', ['-czf', `${kept}.part`, '-C', folder, built]);
  renameSync(`${kept}.part`, kept);
}
