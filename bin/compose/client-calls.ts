/**
 * Owns the way of a client to the coordinators' accounts.
 */
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import type { Workplace } from '../../src/duties/workplace.ts';
import { callsTo } from '../local/directory.ts';

export function directoryCalls(_: Workplace): DirectoryCalls {
  return callsTo((process.env.MPC_COORDINATORS ?? 'http://127.0.0.1:1').split(','));
}
