/**
 * Builds what stands behind a client service in tests of its face alone: a client that has caught up with a log without collaborations.
 */
import assert from 'node:assert/strict';
import type { PartyDesk } from '../../src/api/client/seams.ts';
import { ElectionsView } from '../../src/election/rows.ts';

const nothing = (): never => assert.fail('a party that takes part in nothing is asked for nothing');

const FINGERPRINT = 'aaaa-bbbb-cccc-dddd-eeee';

export const idleDesk = (more: Partial<PartyDesk> = {}): PartyDesk => ({
  deployment: 'world',
  party: 'acme',
  sequence: () => 1,
  collaboration: () => undefined,
  collaborations: () => [],
  hasApproved: nothing,
  approve: nothing,
  hasRows: nothing,
  bring: nothing,
  look: nothing,
  watch: () => () => {},
  states: nothing,
  result: nothing,
  accountKeys: nothing,
  parties: () => ['acme'],
  canWithdraw: nothing,
  withdraw: nothing,
  post: {
    standing: { is: 'starting' },
    fingerprint: FINGERPRINT,
    missed: 0,
    look: () => {},
    watch: () => () => {},
    conversations: () => [],
    register: nothing,
    send: nothing,
    account: nothing,
    trust: nothing,
    markRead: nothing,
  },
  elections: {
    view: new ElectionsView({ table: <Row>() => new Map<string, Row>() }),
    get place() {
      return nothing();
    },
    random: nothing,
    now: nothing,
  },
  hear: nothing,
  ...more,
});
