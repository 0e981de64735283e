/**
 * Owns the table of all charts by role, for the hosts, the tests and the visualizer.
 */
import { clientMachine } from './client.ts';
import { collaborationMachine } from './collaboration.ts';
import { coordinatorMachine } from './coordinator.ts';
import { dealerMachine } from './dealer.ts';
import { participationMachine } from './participation.ts';
import { serverMachine } from './server.ts';
import { sessionMachine } from './session.ts';

/** Of each role: the chart of the process, and that of one collaboration where the role has one. */
export const machinesByRole = {
  server: { server: serverMachine, session: sessionMachine },
  dealer: { dealer: dealerMachine },
  client: { client: clientMachine, participation: participationMachine },
  coordinator: { coordinator: coordinatorMachine, collaboration: collaborationMachine },
} as const;
