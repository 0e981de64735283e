/**
 * Owns looking up earlier results by their ids, as the log of a deployment or its coordinators' REST faces know them: what rows they
 * have, and whose rows are in them. Reads, says nothing.
 */
import { answered, type CoordinatorCalls } from '../../src/api/calls/calls.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, type RoleConfig } from '../../src/config/role-config.ts';
import {
  collaborationId,
  type Descriptor,
  descriptorDigest,
  parseDescriptor,
  partsOfResultId,
} from '../../src/coordination/descriptor.ts';
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

/** What `collaboration create --source` says: `table=<result id>`. */
export interface NamedResult {
  readonly table: string;
  readonly result: string;
}

/**
 * What rows results have, by the descriptors that made them: asked for at any coordinator, and held against their ids, so that a
 * coordinator cannot tell of other ones. Whose rows are in them is for the coordinator that creates to find, and for approvers to
 * read. Throws what compiling their programs throws.
 */
export async function storedThrough(
  calls: CoordinatorCalls,
  named: readonly NamedResult[],
): Promise<StoredRows[]> {
  const made = new Map<string, { readonly digest: string; readonly descriptor: Descriptor }>();
  const wanted = named.map(({ result }) => partsOfResultId(result).collaboration);
  for (let cid = wanted.pop(); cid !== undefined; cid = wanted.pop()) {
    if (made.has(cid)) continue;
    const params = { path: { cid } };
    const answer = answered(await calls.GET('/collaboration/{cid}/compute-config', { params }));
    const descriptor = parseDescriptor(answer.descriptor);
    const digest = descriptorDigest(descriptor);
    if (collaborationId(digest) !== cid)
      throw new MpcError(
        'result.other-descriptor',
        `what the coordinator shows is not collaboration ${cid}`,
        {
          hint: 'ask another coordinator, and tell its operator',
          exitCode: EXIT.protocol,
        },
      );
    made.set(cid, { digest, descriptor });
    wanted.push(...descriptor.sources.map(({ result }) => partsOfResultId(result).collaboration));
  }
  const sources = named.map(({ table, result }) => ({ table, result, parties: [] }));
  return new Queries().stored({ sources }, (id) => made.get(id));
}

/** Throws `usage.source`. */
export function parseSource(text: string): NamedResult {
  const [, table, result] = /^([a-z0-9_]+)=([0-9a-f]{20}\.[1-9][0-9]*)$/.exec(text) ?? [];
  if (table === undefined || result === undefined)
    throw new MpcError('usage.source', `${JSON.stringify(text)} does not name a result`, {
      hint: 'write --source table=<result id>; mpc status shows the ids of results',
      exitCode: EXIT.usage,
    });
  return { table, result };
}
