/**
 * Owns which charts a role has: those of roles/index.ts, under the names that people give to --role.
 */
import type { AnyStateMachine } from 'xstate';
import { machinesByRole } from '../../roles/index.ts';
import type { Role } from '../../src/config/roles.ts';

const KIND_OF_ROLE: Readonly<Record<Role, keyof typeof machinesByRole>> = {
  'server-a': 'server',
  'server-b': 'server',
  'server-c': 'ballotServer',
  dealer: 'dealer',
  client: 'client',
  coordinator: 'coordinator',
};

/** Of the process first, then those of one collaboration or election. */
export function machinesOf(role: Role): readonly AnyStateMachine[] {
  return Object.values(machinesByRole[KIND_OF_ROLE[role]]);
}
