/**
 * Owns `mpc inspect`: what the roles of a deployment do, live or as it was recorded, on a page of this machine.
 */

import { systemClock } from '../../src/base/clock.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig } from '../../src/config/role-config.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { Journal } from '../../src/inspect/journal.ts';
import { readRun, recordTo } from '../../src/inspect/run-file.ts';
import { interrupted, showInspector, watchRoles } from '../local/inspector.ts';

export interface InspectCommand {
  readonly config: string;
  readonly nats?: string;
  readonly replay?: string;
  readonly record?: string;
}

export async function inspect(options: InspectCommand): Promise<void> {
  if (options.replay !== undefined) return replay(options.replay);
  const flags = options.nats === undefined ? {} : { nats: options.nats };
  const config = loadRoleConfig(options.config, flags, process.env);
  const { deployment, trust } = config;
  const over = new AbortController();
  const asked = interrupted().then((reason) => over.abort(reason));
  const me = addressOf(config);
  const identity = loadIdentity(config.key);
  const access = brokerAccess(config);
  const roles = Object.keys(trust);
  const { journal, stop } = await watchRoles({
    access,
    deployment,
    me,
    identity,
    roles,
    signal: over.signal,
  });
  const recording = options.record === undefined ? undefined : recordTo(options.record, deployment, journal);
  const page = await showInspector(journal, { deployment, isLive: true });
  process.stderr.write(
    `watching as ${me}: roles whose configuration says inspect = "${me}" are shown (Ctrl-C ends it)\n`,
  );
  process.stdout.write(`${page.url}\n`);
  await asked;
  await stop();
  recording?.close();
  await page.close();
}

async function replay(file: string): Promise<void> {
  const { deployment, records } = readRun(file);
  const journal = new Journal(systemClock);
  journal.append(records);
  const page = await showInspector(journal, { deployment, isLive: false });
  process.stderr.write(`${records.length} records of ${file} (Ctrl-C ends it)\n`);
  process.stdout.write(`${page.url}\n`);
  await interrupted();
  await page.close();
}
