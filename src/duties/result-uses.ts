/**
 * Owns what a server remembers of each result by itself: whose rows are in it, and which later runs have read it. It lies in
 * the server's own store, so that no coordinator can have a result read more often than its parties agreed to.
 * Must never forget a use.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { type Descriptor, partsOfResultId, sourceParties } from '../coordination/descriptor.ts';
import { readWhole, writeWhole } from './chunk-files.ts';
import { collaborationOf, pathOf, type Run, type Workplace } from './workplace.ts';

/** Keeps whose masked rows a run computes on. */
export async function keepParties(place: Workplace, run: Run, parties: readonly string[]): Promise<void> {
  await writeWhole(pathOf(place, run, 'parties'), utf8.encode(JSON.stringify(parties)));
}

/** Names of the parties whose masked rows a run computes on. Throws `result.missing`. */
export function keptParties(place: Workplace, run: Run): string[] {
  const bytes = readWhole(pathOf(place, run, 'parties'));
  if (bytes === undefined) throw missing(run);
  return JSON.parse(utf8.decode(bytes)) as string[]; // keepParties wrote it
}

/**
 * Refuses a descriptor that reads results which this server does not hold, whose parties it does not ask, or which have been
 * read as often as was agreed. Throws `result.missing`, `result.approver-missing` or `result.used-up`.
 */
export function checkSources(place: Workplace, run: Run, { sources }: Pick<Descriptor, 'sources'>): void {
  for (const { result, parties } of sources) {
    const source = partsOfResultId(result);
    if (!existsSync(pathOf(place, source, 'result'))) throw missing(source);
    const { descriptor } = collaborationOf(place, source.collaboration);
    const asked = [...keptParties(place, source), ...sourceParties(descriptor)];
    const unasked = asked.filter((party) => !parties.includes(party));
    if (unasked.length > 0)
      throw new MpcError(
        'result.approver-missing',
        `rows of ${unasked.slice(0, 8).join(', ')} are in the result ${result}, but nobody asks them`,
        { hint: 'name every party whose rows are in a result that is read', exitCode: EXIT.noPermission },
      );
    checkUses(place, run, source);
  }
}

/** Notes that a run has read these results, before anybody may learn of its own. Throws `result.used-up`, and notes nothing then. */
export function claimUses(place: Workplace, run: Run, { sources }: Pick<Descriptor, 'sources'>): void {
  const read = sources.map(({ result }) => partsOfResultId(result));
  for (const source of read) checkUses(place, run, source);
  for (const source of read) mkdirSync(useOf(place, source, run), { recursive: true, mode: 0o700 });
}

function checkUses(place: Workplace, run: Run, source: Run): void {
  const { resultUses } = collaborationOf(place, source.collaboration).descriptor;
  if (existsSync(useOf(place, source, run))) return;
  const uses = pathOf(place, source, 'uses');
  const count = existsSync(uses) ? readdirSync(uses).length : 0;
  if (count >= resultUses)
    throw new MpcError(
      'result.used-up',
      `the result ${nameOf(source)} may be read by ${resultUses} later runs; it has been by ${count}`,
      {
        hint: 'create the collaboration that makes it anew, with more resultUses for its parties to approve',
        exitCode: EXIT.noPermission,
      },
    );
}

/** A directory: it is there, or it is not. */
const useOf = (place: Workplace, source: Run, run: Run): string => pathOf(place, source, 'uses', nameOf(run));

const nameOf = ({ collaboration, attempt }: Run): string => `${collaboration}.${attempt}`;

const missing = (run: Run): MpcError =>
  new MpcError('result.missing', `this server does not hold the result ${nameOf(run)}`, {
    hint: 'restore the state of both servers from the same backup, or make the result anew',
    exitCode: EXIT.unavailable,
  });
