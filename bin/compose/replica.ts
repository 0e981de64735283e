/**
 * Owns where a coordinator replica begins: with the state in its own file, else with another replica's, else with the log's
 * first entry.
 */
import { join } from 'node:path';
import type { MpcError } from '../../src/base/errors.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import type { Chapter } from '../../src/coordination/chapter.ts';
import { fetchSnapshot } from '../../src/coordination/fetch-snapshot.ts';
import { logBehind } from '../../src/coordination/follower.ts';
import type { StateSnapshot, Trust } from '../../src/coordination/records.ts';
import { openReplicaFile, type ReplicaFile } from '../../src/coordination/replica-file.ts';
import { emptyState } from '../../src/coordination/state.ts';
import type { Logger } from '../../src/observe/logger.ts';
import { openStore } from '../../src/store/store.ts';

export interface ReplicaPlace {
  readonly deployment: string;
  readonly trust: Trust;
  /** The role's own directory. */
  readonly state: string;
  readonly logger: Logger;
}

export interface ReplicaStart {
  readonly file: ReplicaFile;
  readonly fromState: StateSnapshot;
  readonly close: () => Promise<void>;
}

/** The file inside the role's directory: remove it, with those beside it, to have it built anew. */
const FILE = 'log.sqlite';

/** Throws `log.behind`, `store.*`, and what the bus throws. */
export async function startReplica(
  { deployment, trust, state, logger }: ReplicaPlace,
  chapters: readonly Chapter[],
  bus: Bus,
): Promise<ReplicaStart> {
  const store = await openStore({ path: join(state, FILE) });
  try {
    const empty = emptyState({ deployment, chapters });
    const { version, chapters: names } = empty;
    const file = await openReplicaFile(store, { version, deployment, chapters: names });
    const saved = await file.load();
    const logEnds = await (await bus.log(subjects.logStream(deployment))).last();
    // Also of a state that another version wrote: what it had seen must be there to be read again.
    if (saved !== undefined && logEnds < saved.sequence) throw logBehind(logEnds, saved.sequence);
    const isOurs = (found: StateSnapshot | undefined): found is StateSnapshot =>
      found?.version === version && found.deployment === deployment && found.chapters.join() === names.join();
    const close = (): Promise<void> => store.close();
    if (isOurs(saved)) return { file, fromState: saved, close };
    const onTrouble = (fault: MpcError): void => logger.warn({ ...fault.report() }, fault.message);
    const fetched =
      logEnds === 0 ? undefined : await fetchSnapshot({ bus, deployment, trust, logEnds, onTrouble });
    const fromState = isOurs(fetched) ? fetched : empty;
    await file.replace(fromState);
    logger.info({ sequence: fromState.sequence }, 'this replica begins anew');
    return { file, fromState, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}
