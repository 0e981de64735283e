/**
 * Builds what the coordination tests share: participants with keys, the chart, descriptors and signed commands.
 */

import { collaborationChart } from '../../roles/collaboration.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { LogEntry } from '../../src/bus/bus.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';
import {
  type CollaborationChange,
  collaborationChange,
  collaborationsChapter,
  collaborationsIn,
} from '../../src/coordination/collaborations.ts';
import { type Command, commandBytes, signCommand } from '../../src/coordination/commands.ts';
import type { CollaborationRules } from '../../src/coordination/decide.ts';
import {
  buildDescriptor,
  collaborationId,
  type Descriptor,
  descriptorDigest,
} from '../../src/coordination/descriptor.ts';
import { entryBytes } from '../../src/coordination/entries.ts';
import type { Applied, LogRules } from '../../src/coordination/records.ts';
import { LogState } from '../../src/coordination/state.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';

export const DEPLOYMENT = 'trial';
export const START_MS = 1_800_000_000_000;
export const DEADLINE_MS = START_MS + 3_600_000;

export const EVERYONE: readonly Address[] = [
  'server-a',
  'server-b',
  'dealer',
  'coordinator',
  'party-acme',
  'party-beta',
  'party-analyst',
  'party-stranger',
];

const identities = new Map(EVERYONE.map((address) => [address, createIdentity(systemRandom)]));

export function identityOf(address: Address): Identity {
  const identity = identities.get(address);
  if (identity === undefined) throw new Error(`the tests know no ${address}`);
  return identity;
}

export const trust = Object.fromEntries(EVERYONE.map((address) => [address, identityOf(address).publicKey]));

export const collaborationRules: CollaborationRules = { trust, chart: collaborationChart };

export const rules: LogRules = {
  deployment: DEPLOYMENT,
  trust,
  chapters: [collaborationsChapter(collaborationRules)],
};

/** A state whose entries hold one command each. */
export class PlayedState extends LogState {
  applyOne(entry: LogEntry): Applied & Partial<CollaborationChange> {
    const [applied] = this.apply(entry);
    if (applied === undefined) throw new Error('an entry of the tests holds one command');
    return { ...applied, ...collaborationChange(applied) };
  }

  collaboration(id: string): Collaboration | undefined {
    return collaborationsIn(this).collaboration(id);
  }

  collaborations(): readonly Collaboration[] {
    return collaborationsIn(this).collaborations();
  }
}

/** acme and beta bring rows, the analyst gets the result. Equal numbers give equal descriptors. */
export function descriptorOf(number = 0, changes: Partial<Descriptor> = {}): Descriptor {
  const built = buildDescriptor({
    random: (length) => new Uint8Array(length).fill(number),
    program: {
      kind: 'sql',
      text: 'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9)); SELECT SUM(x) FROM t',
    },
    plan: '0'.repeat(64),
    inputs: [
      { party: 'beta', table: 't', maxRows: 10 },
      { party: 'acme', table: 't', maxRows: 20 },
    ],
    outputs: ['analyst'],
    keys: trust,
    minGroupSize: 3,
    deadlineMs: DEADLINE_MS,
  });
  return { ...built, ...changes };
}

export const digestOfNumber = (number: number): string => descriptorDigest(descriptorOf(number));
export const idOfNumber = (number: number): string => collaborationId(digestOfNumber(number));

/** The id with that number. */
export const commandId = (number: number): string => number.toString(16).padStart(32, '0');

export function signed(author: Address, body: CommandBody, id: string, signer: Address = author) {
  return signCommand({ deployment: DEPLOYMENT, identity: identityOf(signer), author, body, id });
}

/** Counts entries of one log: each call is the next entry, one second after the last. */
export function entries(after = 0): { readonly next: (data: Uint8Array, timeMs?: number) => LogEntry } {
  let sequence = after;
  return {
    next: (data, timeMs) => {
      sequence++;
      return { sequence, timeMs: timeMs ?? START_MS + sequence * 1000, data };
    },
  };
}

/** What is said, by whom, from the creation of a collaboration to its end: 12 commands. */
export const wholeLife = (number = 0): readonly (readonly [Address, CommandBody])[] =>
  lifeOf(descriptorOf(number));

/** As `wholeLife`, of any descriptor with those parties. */
export function lifeOf(created: Descriptor): readonly (readonly [Address, CommandBody])[] {
  const descriptor = descriptorDigest(created);
  const collaboration = collaborationId(descriptor);
  const binding = 'b'.repeat(64);
  const outputs = 'c'.repeat(64);
  return [
    ['party-analyst', { kind: 'create', descriptor: created }],
    ['server-a', { kind: 'randomnessReady', collaboration, attempt: 1 }],
    ['party-acme', { kind: 'approve', collaboration, attempt: 1, descriptor }],
    ['party-beta', { kind: 'approve', collaboration, attempt: 1, descriptor }],
    ['party-acme', { kind: 'uploaded', collaboration, attempt: 1, rows: '1'.repeat(64) }],
    ['server-b', { kind: 'randomnessReady', collaboration, attempt: 1 }],
    ['party-beta', { kind: 'uploaded', collaboration, attempt: 1, rows: '2'.repeat(64) }],
    ['server-a', { kind: 'bound', collaboration, attempt: 1, binding }],
    ['server-b', { kind: 'bound', collaboration, attempt: 1, binding }],
    ['server-b', { kind: 'resultStored', collaboration, attempt: 1, outputs }],
    ['server-a', { kind: 'resultStored', collaboration, attempt: 1, outputs }],
    ['party-analyst', { kind: 'received', collaboration, attempt: 1 }],
  ];
}

/** An entry of one command. */
export const entryOf = (command: Command): Uint8Array =>
  entryBytes({ deployment: DEPLOYMENT, signed: [command], vouched: [] });

/** An entry of that command alone. */
export const bytesFor = (author: Address, body: CommandBody, id: string): Uint8Array =>
  entryOf(signed(author, body, id));

/** A command as it is submitted. */
export const submittedBy = (author: Address, body: CommandBody, id: string): Uint8Array =>
  commandBytes(signed(author, body, id));
