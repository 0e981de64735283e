/**
 * Owns what a server demands of every collaboration, whatever its parties agreed on: the operator's own floors and ceilings.
 * Must never be softened by anything that comes over the network.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { type Descriptor, inputParties, sourceParties } from '../coordination/descriptor.ts';

export interface ServerLimits {
  /** Fewest parties whose rows are computed on together. */
  readonly minParties: number;
  /** Smallest group that may be shown. Above 1 it excludes programs that have no groups to hide. */
  readonly minGroupSize: number;
  /** Most later runs that may read a result. */
  readonly resultUses: number;
  /** Most results that one descriptor may be asked for beyond its first. */
  readonly reruns: number;
}

/** Throws `limits.parties`, `limits.group-size`, `limits.result-uses` or `limits.reruns`. */
export function checkLimits(descriptor: Descriptor, limits: ServerLimits): void {
  const { minimum, minGroupSize, resultUses, reruns, program } = descriptor;
  const bringing = inputParties(descriptor);
  const stored = sourceParties(descriptor).filter((party) => !bringing.includes(party)).length;
  const parties = (minimum?.parties ?? bringing.length) + stored;
  if (parties < limits.minParties)
    throw refused('parties', `it may run with ${parties} parties, this server wants ${limits.minParties}`);
  if (program.kind !== 'sql' && limits.minGroupSize > 1)
    throw refused('group-size', 'this server runs SQL only: other programs hide no small groups');
  if (minGroupSize < limits.minGroupSize)
    throw refused(
      'group-size',
      `groups of ${minGroupSize} may be shown, this server wants at least ${limits.minGroupSize} rows`,
    );
  if (resultUses > limits.resultUses)
    throw refused(
      'result-uses',
      `its result may be read ${resultUses} times, this server allows ${limits.resultUses}`,
    );
  if (reruns > limits.reruns)
    throw refused('reruns', `it may be computed again ${reruns} times, this server allows ${limits.reruns}`);
}

const refused = (code: string, message: string): MpcError =>
  new MpcError(`limits.${code}`, message, {
    hint: "describe it within the server's limits, or ask its operator, who sets them under [limits]",
    exitCode: EXIT.noPermission,
  });
