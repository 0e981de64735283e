/**
 * Owns `mpc doctor`: looks at everything that a role needs, and says of each fault what to do. Exit code 1 when there is one.
 */
import { systemClock } from '../../src/base/clock.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig, type RoleConfig } from '../../src/config/role-config.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { examineBroker } from '../doctor/broker.ts';
import { examined, type Finding, fine } from '../doctor/findings.ts';
import { examineMachine } from '../doctor/machine.ts';
import { roleIdentity } from '../local/key-file.ts';

const CONNECT_MS = 5_000;

export async function doctor(options: {
  config: string;
  nats?: string;
  state?: string;
  json?: boolean;
}): Promise<void> {
  const findings: Finding[] = [];
  const take = (found: readonly Finding[]): void => {
    findings.push(...found);
    if (options.json !== true) for (const finding of found) process.stdout.write(lines(finding));
  };
  await examine(options, take);
  const faults = findings.filter(({ state }) => state === 'fault').length;
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok: faults === 0, findings })}\n`);
  else
    process.stdout.write(
      faults === 0 ? 'nothing is wrong\n' : `${faults === 1 ? 'one fault' : `${faults} faults`}\n`,
    );
  if (faults > 0) process.exitCode = 1;
}

/** What cannot be looked at without something that is missing is not looked at. */
async function examine(
  { config: file, nats, state }: { config: string; nats?: string; state?: string },
  take: (found: readonly Finding[]) => void,
): Promise<void> {
  const flags = { ...(nats === undefined ? {} : { nats }), ...(state === undefined ? {} : { state }) };
  let config: RoleConfig | undefined;
  take(
    await examined('config', () => {
      config = loadRoleConfig(file, flags, process.env);
      return [fine('config', `${file} is a whole configuration of ${addressOf(config)}`)];
    }),
  );
  if (config === undefined) return;
  const role = config;
  let identity: Identity | undefined;
  take(
    await examined('key', () => {
      identity = roleIdentity(role.key, process.env);
      return [];
    }),
  );
  if (identity === undefined) return;
  const me = identity;
  take(await examineMachine(role, me, systemClock));
  take(
    await examined('broker', async () => {
      const bus = await connectNats({
        ...brokerAccess(role),
        name: addressOf(role),
        identity: me,
        connectTimeoutMs: CONNECT_MS,
        logPatienceMs: CONNECT_MS,
      });
      try {
        return await examineBroker(role, bus, systemClock);
      } finally {
        await bus.close();
      }
    }),
  );
}

const MARKS = { ok: 'ok', warning: 'look', fault: 'FAULT' } as const;

function lines({ check, state, message, hint }: Finding): string {
  return `${MARKS[state].padEnd(6)} ${check.padEnd(12)} ${message}\n${hint === undefined ? '' : `${' '.repeat(20)}${hint}\n`}`;
}
