/**
 * Owns what `mpc doctor` looks at on this machine: key, trust, state directory, disk, certificates.
 * Must never change anything, but for a file that it writes into the state directory and removes again.
 */
import { X509Certificate } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { addressOf, type RoleConfig } from '../../src/config/role-config.ts';
import { fingerprint } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { openStore } from '../../src/store/store.ts';
import { examined, type Finding, fault, fine, warning } from './findings.ts';

/** Below this a tape of a middling query does not fit; below the other not even a log. */
const ROOM_BYTES = 2 * 1024 ** 3;
const LEAST_BYTES = 200 * 1024 ** 2;
const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const SERVICES = ['server-a', 'server-b', 'dealer', 'coordinator'];

export async function examineMachine(
  config: RoleConfig,
  identity: Identity,
  clock: Clock,
): Promise<readonly Finding[]> {
  return [
    ...keyFindings(config, identity),
    ...trustFindings(config),
    ...(await examined('state', () => stateFindings(config.state))),
    ...(await examined('database', () => databaseFindings(config.state))),
    ...certificateFindings(config, clock),
  ];
}

function keyFindings(config: RoleConfig, { publicKey }: Identity): Finding[] {
  const me = addressOf(config);
  const trusted = config.trust[me];
  if (trusted === publicKey) return [fine('key', `${me} is enrolled with it: ${fingerprint(publicKey)}`)];
  return [
    fault(
      'key',
      trusted === undefined
        ? `[trust] has no key for ${me}`
        : `[trust] has another key for ${me} than ${config.key}`,
      `put ${publicKey} under ${me} in [trust], here and with everyone else, or restore the key file`,
    ),
  ];
}

function trustFindings({ trust }: RoleConfig): Finding[] {
  const missing = SERVICES.filter((service) => trust[service] === undefined);
  const doubled = Object.keys(trust).filter((name) =>
    Object.keys(trust).some((other) => other !== name && trust[other] === trust[name]),
  );
  return [
    missing.length === 0
      ? fine('trust', `${Object.keys(trust).length} keys are enrolled`)
      : fault(
          'trust',
          `[trust] has no key for ${missing.join(', ')}`,
          'ask whoever runs them for their public keys, and compare the fingerprints by voice',
        ),
    ...(doubled.length === 0
      ? []
      : [
          fault(
            'trust',
            `${doubled.join(', ')} have the same key`,
            'make a key for each role: who holds two roles’ keys sees what neither may see',
          ),
        ]),
  ];
}

function stateFindings(state: string): Finding[] {
  const place = existsSync(state) ? state : dirname(state);
  if (!existsSync(place))
    return [fault('state', `there is no directory ${place}`, 'make it, or correct state in the file')];
  const findings: Finding[] = [];
  const probe = join(place, `.mpc-doctor-${process.pid}`);
  try {
    const file = openSync(probe, 'wx', 0o600);
    writeSync(file, 'can this be written?\n');
    fsyncSync(file);
    closeSync(file);
    findings.push(fine('state', `${place} can be written`));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    findings.push(
      fault(
        'state',
        `${place} cannot be written (${code})`,
        'run this as the user who runs the role; let that user own the directory; free the disk if it is full',
      ),
    );
  }
  if (existsSync(probe)) unlinkSync(probe);
  if (place === state && (statSync(state).mode & 0o077) !== 0)
    findings.push(
      warning('state', `${state} is open to other users of this machine`, `run chmod 700 ${state}`),
    );
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB are free`;
  const hint = 'free some: tapes, rows and results of collaborations lie there until they are used';
  if (free < LEAST_BYTES) findings.push(fault('disk', text, hint));
  else if (free < ROOM_BYTES) findings.push(warning('disk', text, hint));
  else findings.push(fine('disk', text));
  return findings;
}

/** A role that runs keeps its database to itself: then it is that role's to complain. */
async function databaseFindings(state: string): Promise<Finding[]> {
  const path = join(state, 'role.sqlite');
  if (!existsSync(path)) return [fine('database', 'none yet: the role has not run here')];
  const store = await openStore({ path, lockTimeoutMs: 0 }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'store.locked') return undefined;
    throw error;
  });
  if (store === undefined) return [fine('database', 'in use: the role runs')];
  try {
    const row = await store.get('PRAGMA quick_check(1)');
    const says = String(Object.values(row ?? {})[0]);
    if (says === 'ok') return [fine('database', `${path} is whole; the role does not run`)];
    return [
      fault(
        'database',
        `${path} is damaged: ${says}`,
        'check the disk; a coordinator’s is rebuilt when it is moved away, any other role’s comes from a backup',
      ),
    ];
  } finally {
    await store.close();
  }
}

function certificateFindings({ api, tls }: RoleConfig, clock: Clock): Finding[] {
  const files = [api?.certificate, tls?.ca].filter((file) => file !== undefined);
  const findings = files.flatMap((file) => certificatesIn(file, clock));
  const key = api?.certificateKey;
  if (key !== undefined && existsSync(key) && (statSync(key).mode & 0o077) !== 0)
    findings.push(
      warning('certificate', `${key} is open to other users of this machine`, `run chmod 600 ${key}`),
    );
  return findings;
}

function certificatesIn(file: string, clock: Clock): Finding[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [fault('certificate', `${file} cannot be read`, 'correct its path, or who may read it')];
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => {
    try {
      const days = Math.floor((Date.parse(new X509Certificate(block).validTo) - clock.now()) / DAY_MS);
      const renew = 'have it renewed, put it in its place, and start the role again';
      if (days < 0) return fault('certificate', `${file} ended ${-days} days ago`, renew);
      if (days < SOON_DAYS) return warning('certificate', `${file} ends in ${days} days`, renew);
      return fine('certificate', `${file} is good for ${days} days`);
    } catch {
      return fault('certificate', `${file} holds no certificate that can be read`, 'write it in PEM');
    }
  });
}
