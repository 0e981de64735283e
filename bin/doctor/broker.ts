/**
 * Owns what `mpc doctor` looks at through the broker: its version and clock, the log and its copies, the coordinator's replicas.
 * Must never append to the log.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { utf8 } from '../../src/base/bytes.ts';
import type { Clock } from '../../src/base/clock.ts';
import { isAtLeast, OLDEST_BROKER } from '../../src/bus/broker-version.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { copiesOn } from '../../src/bus/nats-log.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { addressOf, type RoleConfig } from '../../src/config/role-config.ts';
import { askReplicas } from '../../src/coordination/replicas.ts';
import { openStore } from '../../src/store/store.ts';
import { examined, type Finding, fault, fine, warning } from './findings.ts';

const ANSWER_MS = 3_000;
/** Deadlines are in minutes; what is further off than this makes people wonder, than that expires things too early. */
const ODD_MS = 2_000;
const WRONG_MS = 30_000;

export async function examineBroker(config: RoleConfig, bus: Bus, clock: Clock): Promise<readonly Finding[]> {
  const findings = [
    ...versionFindings(bus),
    ...(await examined('clock', () => clockFindings(config, bus, clock))),
  ];
  const log = await examined('log', () => logFindings(config, bus, clock));
  return [...findings, ...log];
}

function versionFindings({ standing: { broker } }: Bus): Finding[] {
  if (broker === undefined) return [];
  if (isAtLeast(broker, OLDEST_BROKER))
    return [fine('broker', `nats-server ${broker} answers and knows this key`)];
  return [
    fault(
      'broker',
      `it is nats-server ${broker}, which forgets what it acknowledged when the power fails`,
      `use nats-server ${OLDEST_BROKER} or newer`,
    ),
  ];
}

/** The time of the broker's answer about the log. */
const infoSchema = z.object({ ts: z.iso.datetime({ offset: true }) });

async function clockFindings({ deployment }: RoleConfig, bus: Bus, clock: Clock): Promise<Finding[]> {
  const askedMs = clock.now();
  const subject = `$JS.API.STREAM.INFO.${subjects.logStream(deployment)}`;
  const answer = await bus.request(subject, new Uint8Array(), ANSWER_MS);
  const answeredMs = clock.now();
  const info = infoSchema.safeParse(JSON.parse(utf8.decode(answer)));
  if (!info.success)
    return [
      warning('clock', 'the broker does not say what time it is', 'compare this machine’s clock by hand'),
    ];
  // Anywhere between asking and answer is right.
  const brokerMs = Date.parse(info.data.ts);
  const offMs = brokerMs < askedMs ? brokerMs - askedMs : Math.max(0, brokerMs - answeredMs);
  const text = `${Math.abs(offMs / 1000).toFixed(1)} s ${offMs < 0 ? 'ahead of' : 'behind'} the broker’s`;
  const hint = 'let both machines keep time by NTP (timedatectl set-ntp true)';
  if (Math.abs(offMs) >= WRONG_MS) return [fault('clock', `this machine’s clock is ${text}`, hint)];
  if (Math.abs(offMs) >= ODD_MS) return [warning('clock', `this machine’s clock is ${text}`, hint)];
  return [fine('clock', 'this machine’s and the broker’s agree')];
}

async function logFindings(config: RoleConfig, bus: Bus, clock: Clock): Promise<Finding[]> {
  const { deployment, nats } = config;
  const log = await bus.log(subjects.logStream(deployment));
  const ends = await log.last();
  const copies = await log.copies();
  const away = copies.filter(({ current }) => !current).map(({ server }) => server);
  const has = Math.max(1, copies.length);
  const wanted = config.logCopies ?? copiesOn(nats.length);
  const findings = [fine('log', `${ends} entries, kept in files`)];
  if (away.length > 0)
    findings.push(
      warning(
        'log',
        `behind or away: ${away.join(', ')}`,
        'start those brokers again; they catch up by themselves',
      ),
    );
  if (has < wanted)
    findings.push(
      fault(
        'log',
        `it has ${has === 1 ? 'one copy' : `${has} copies`}, and this configuration means ${wanted}`,
        'start the coordinators with all brokers in their configuration: they add the copies',
      ),
    );
  else if (has === 1)
    findings.push(
      warning(
        'log',
        'it has one copy: what is agreed is lost with that broker’s disk',
        'run three brokers or five, and name all of them under nats',
      ),
    );
  const replicas = await replicaFindings(config, bus, clock, ends);
  return [...findings, ...replicas];
}

/** How far this replica is, and whether those that are equally far are in the same state. */
async function replicaFindings(config: RoleConfig, bus: Bus, clock: Clock, ends: number): Promise<Finding[]> {
  const { deployment, role, state } = config;
  const me = addressOf(config);
  const replicas = await askReplicas({ bus, deployment, me, clock, patienceMs: 1_000 });
  const findings: Finding[] = [];
  if (replicas.length === 0)
    findings.push(
      fault('coordinator', 'no replica of the coordinator answers', 'start one: mpc --role=coordinator'),
    );
  else findings.push(fine('coordinator', `${replicas.map(({ name }) => name).join(', ')} answer`));
  for (const { name, sequence, digest } of replicas) {
    if (sequence > ends)
      findings.push(
        fault(
          'log',
          `replica ${name} has applied entry ${sequence}, and the log ends at ${ends}`,
          'brokers lost entries: docs/OPERATING.md, "log.behind", says how to mend it',
        ),
      );
    const other = replicas.find((one) => one.sequence === sequence && one.digest !== digest);
    if (other !== undefined && other.name > name)
      findings.push(
        fault(
          'log',
          `replicas ${name} and ${other.name} differ at entry ${sequence}`,
          'one of the two is damaged: docs/OPERATING.md, "log.diverged", says how to mend it',
        ),
      );
  }
  if (role === 'coordinator') findings.push(...(await ownFile(join(state, 'log.sqlite'), ends)));
  return findings;
}

/** The file of a replica that does not run: one that runs answers for itself. */
async function ownFile(path: string, ends: number): Promise<Finding[]> {
  if (!existsSync(path)) return [fine('replica', 'no file yet: it starts from another replica, or the log')];
  const store = await openStore({ path, lockTimeoutMs: 0 }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'store.locked') return undefined;
    throw error;
  });
  if (store === undefined) return [fine('replica', `${path} is in use: the replica runs`)];
  try {
    const saved = await store.get('SELECT facts FROM log_facts');
    const { sequence } = z
      .object({ sequence: z.int() })
      .parse(JSON.parse(String(saved?.facts ?? '{"sequence":0}')));
    if (sequence <= ends) return [fine('replica', `${path} is at entry ${sequence} of ${ends}`)];
    return [
      fault(
        'replica',
        `${path} has applied entry ${sequence}, and the log ends at ${ends}`,
        'brokers lost entries: docs/OPERATING.md, "log.behind", says how to mend it',
      ),
    ];
  } finally {
    await store.close();
  }
}
