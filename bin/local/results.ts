/**
 * Owns looking up earlier results by their ids, as the log of a deployment knows them: what rows they have, and whose rows are
 * in them. Reads the log, says nothing.
 */
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, type RoleConfig } from '../../src/config/role-config.ts';
import type { Descriptor } from '../../src/coordination/descriptor.ts';
import { followLog } from '../../src/coordination/follower.ts';
import { partiesOfResult } from '../../src/coordination/sources.ts';
import { Queries } from '../../src/duties/queries.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import type { StoredRows } from '../../src/sql/stored.ts';
import { participantChapters } from '../compose/chapters.ts';

const CONNECT_MS = 5_000;

/** `texts` are `table=<result id>`. Throws `usage.source`, `result.unknown`, and what compiling their programs throws. */
export async function storedResults(config: RoleConfig, texts: readonly string[]): Promise<StoredRows[]> {
  const named = texts.map(parseSource);
  const { deployment, trust } = config;
  const identity = loadIdentity(config.key);
  const bus = await connectNats({
    ...brokerAccess(config),
    name: addressOf(config),
    identity,
    connectTimeoutMs: CONNECT_MS,
  });
  try {
    const follower = await followLog({ bus, deployment, trust, chapters: participantChapters(trust) });
    await follower.caughtUp;
    const sources = named.map(({ table, result }): Descriptor['sources'][number] => ({
      table,
      result,
      parties: partiesOfResult(follower.state, result),
    }));
    const stored = await new Queries().stored({ sources }, (id) => follower.collaboration(id));
    follower.stop();
    return stored;
  } finally {
    await bus.close();
  }
}

function parseSource(text: string): { table: string; result: string } {
  const [, table, result] = /^([a-z0-9_]+)=([0-9a-f]{20}\.[1-9][0-9]*)$/.exec(text) ?? [];
  if (table === undefined || result === undefined)
    throw new MpcError('usage.source', `${JSON.stringify(text)} does not name a result`, {
      hint: 'write --source table=<result id>; mpc status shows the ids of results',
      exitCode: EXIT.usage,
    });
  return { table, result };
}
