/**
 * Owns the table of all charts by role, for the hosts, the tests and the visualizer.
 */
import { ballotBoxMachine } from './ballot-box.ts';
import { ballotServerMachine } from './ballot-server.ts';
import { clientMachine } from './client.ts';
import { collaborationMachine } from './collaboration.ts';
import { coordinatorMachine } from './coordinator.ts';
import { dealerMachine } from './dealer.ts';
import { electionMachine } from './election.ts';
import { participationMachine } from './participation.ts';
import { serverMachine } from './server.ts';
import { sessionMachine } from './session.ts';

/** Of each role: the chart of the process, and that of one collaboration where the role has one. */
export const machinesByRole = {
  server: { server: serverMachine, session: sessionMachine, ballotBox: ballotBoxMachine },
  ballotServer: { ballotServer: ballotServerMachine, ballotBox: ballotBoxMachine },
  dealer: { dealer: dealerMachine },
  client: { client: clientMachine, participation: participationMachine },
  coordinator: {
    coordinator: coordinatorMachine,
    collaboration: collaborationMachine,
    election: electionMachine,
  },
} as const;
