/**
 * Builds a directory that is told commands one by one, on two replicas: one stays, the other is rebuilt from its
 * saved state before every command (of long stories, before every hundredth). Both must agree on everything.
 */
import assert from 'node:assert/strict';
import { hex, sha256, utf8 } from '../../src/base/bytes.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ReadTable } from '../../src/coordination/chapter.ts';
import { newCommandId, type Vouched } from '../../src/coordination/commands.ts';
import { entryBytes } from '../../src/coordination/entries.ts';
import type { LogRules, Outcome, Trust } from '../../src/coordination/records.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { LogState } from '../../src/coordination/state.ts';
import type { DirectoryBody } from '../../src/directory/bodies.ts';
import { directoryChapter } from '../../src/directory/chapter.ts';
import { type DirectoryRecords, directoryRecords } from '../../src/directory/rows.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';

export const DEPLOYMENT = 'trial';
export const START_MS = 1_800_000_000_000;

export const coordinator = createIdentity(systemRandom);
export const acmeParty = createIdentity(systemRandom);
export const trust = { coordinator: coordinator.publicKey, 'party-acme': acmeParty.publicKey };
const rulesOf = (trusted: Trust): LogRules => ({
  deployment: DEPLOYMENT,
  trust: trusted,
  chapters: [directoryChapter({ deployment: DEPLOYMENT, trust: trusted })],
});
export const rules = rulesOf(trust);

/** A hash of the right form that no password has. */
export const HASH = `scrypt$15$8$3$${'s'.repeat(22)}$${'h'.repeat(43)}`;

export const digestOf = (place: string): string => hex.encode(sha256(utf8.encode(place)));

export interface Person {
  readonly name: string;
  readonly identity: Identity;
  readonly sealing: string;
}

export async function person(name: string, identity = createIdentity(systemRandom)): Promise<Person> {
  return { name, identity, sealing: sealingKeyOf(identity).publicKey };
}

export class Played {
  timeMs = START_MS;
  #sequence = 0;
  #rules: LogRules;
  #stays: LogState;
  #rebuilt: LogState;

  constructor(trusted: Trust = trust) {
    this.#rules = rulesOf(trusted);
    this.#stays = new LogState(this.#rules);
    this.#rebuilt = new LogState(this.#rules);
  }

  /** Keys that all replicas know from now on. */
  enrol(trusted: Trust): void {
    this.#rules = rulesOf(trusted);
    this.#stays = new LogState(this.#rules, this.#stays.snapshot());
    this.#rebuilt = new LogState(this.#rules, this.#rebuilt.snapshot());
  }

  get records(): DirectoryRecords {
    return directoryRecords(
      <Row>(chapter: string, name: string): ReadTable<Row> => this.#stays.table<Row>(chapter, name),
    );
  }

  /** Says it as the coordinator. */
  own(body: DirectoryBody, id = newCommandId(systemRandom)): Outcome {
    return this.say({ id, author: 'coordinator', body });
  }

  /** Says it for an account, in the session of that place. */
  as(name: string, place: string, body: DirectoryBody, id = newCommandId(systemRandom)): Outcome {
    return this.say({ id, author: `party-${name}`, session: digestOf(place), body });
  }

  say(command: Vouched): Outcome {
    this.timeMs++;
    this.#sequence++;
    const data = entryBytes({ deployment: DEPLOYMENT, signed: [], vouched: [command], coordinator });
    const entry = { sequence: this.#sequence, timeMs: this.timeMs, data };
    const isLong = this.#sequence > 60;
    if (!isLong || this.#sequence % 100 === 0)
      this.#rebuilt = new LogState(this.#rules, JSON.parse(JSON.stringify(this.#rebuilt.snapshot())));
    const [applied] = this.#stays.apply(entry);
    const [again] = this.#rebuilt.apply(entry);
    assert.ok(applied !== undefined && again !== undefined);
    assert.deepEqual(again.outcome, applied.outcome);
    if (!isLong || this.#sequence % 100 === 0)
      assert.equal(stateDigest(this.#rebuilt.snapshot()), stateDigest(this.#stays.snapshot()));
    return applied.outcome;
  }

  /** An account with keys, by its key alone, signed in at a place of its name. */
  member({ name, identity, sealing }: Person): Outcome {
    const keys = sayKeys({ deployment: DEPLOYMENT, account: name, identity, sealing, nowMs: this.timeMs });
    const outcome = this.own({ kind: 'registerAccount', account: name, password: null, keys });
    return outcome.ok ? this.signIn({ name, identity, sealing }, name) : outcome;
  }

  signIn({ name, identity }: Person, place: string, lifetimeMs = 3600_000): Outcome {
    return this.own({
      kind: 'openSession',
      account: name,
      session: digestOf(place),
      lifetimeMs,
      evidence: this.evidence('session', name, identity, place),
    });
  }

  evidence(kind: 'session' | 'change' | 'delete', account: string, identity: Identity, place: string) {
    const statement = { kind, account, session: digestOf(place), atMs: this.timeMs };
    return {
      by: 'key',
      atMs: this.timeMs,
      signature: signStatement(DEPLOYMENT, identity, statement),
    } as const;
  }

  send(from: Person, to: Person, id = newCommandId(systemRandom), place = from.name): Outcome {
    return this.as(
      from.name,
      place,
      { kind: 'sendMessage', to: to.name, sealedTo: to.sealing, sealed: 'x'.repeat(100) },
      id,
    );
  }

  acknowledge({ name }: Person, place: string, number: number): Outcome {
    return this.as(name, place, { kind: 'acknowledge', session: digestOf(place), number });
  }

  /** Numbers of the messages kept for an account. */
  kept({ name }: Person): number[] {
    return [...this.records.mail.entries()].flatMap(([key, { number }]) =>
      key === `${name} ${number}` ? [number] : [],
    );
  }
}

export function codeOf(outcome: Outcome): string {
  return outcome.ok ? 'ok' : outcome.error.code;
}
