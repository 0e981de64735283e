/** Elections over real processes and a real broker: killed, started again, late, and counted exactly. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import { electionChart } from '../../roles/election.ts';
import type { Choice } from '../../src/ballot/election-type.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { askStanding, fetchElection, handIn, type VotersElection } from '../../src/box/voting.ts';
import { connectNats } from '../../src/bus/nats.ts';
import {
  BALLOTS_PER_VOTER,
  ELECTION_SERVERS,
  type ElectionServer,
  type ElectionType,
} from '../../src/election/descriptor.ts';
import { readEnvelope } from '../../src/election/envelope.ts';
import { trackerOf } from '../../src/election/items.ts';
import { checkRecord } from '../../src/election/record.ts';
import { electionWaiting } from '../../src/election/waiting.ts';
import { draws } from '../support/ballots.ts';
import { RealElection } from '../support/election.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const LABELS = ['a', 'b', 'c'];

/** One voter's ballot to every server that answers; how many hold it. */
async function castOne(
  real: RealElection,
  election: VotersElection,
  voter: number,
  choice: Choice,
  counter: number,
  place = real.place,
) {
  const { identity } = real.credentials[voter]!;
  const bytes = election.caster.cast(voter, identity, counter, choice, systemRandom);
  const tracker = trackerOf(real.id, readEnvelope(election.type.sizes, bytes));
  const answers = await handIn(place, election, bytes);
  const holders = answers.filter((one) => 'value' in one && one.value.held.includes(tracker)).length;
  return { tracker, holders, answers, bytes };
}

test('servers are killed and started again while voters vote, and while the box closes: the result is exact', {
  timeout: 280_000,
}, async () => {
  const VOTERS = 60;
  const { below } = draws(seed);
  const real = await RealElection.create({ kind: 'oneOf' }, LABELS, VOTERS);
  try {
    for (const server of ELECTION_SERVERS) real.start(server);
    const election = await real.open();
    const last = new Map<number, number>();
    let down: ElectionServer | undefined;
    let least = 3;
    for (let ballot = 0; ballot < 90; ballot++) {
      if (ballot % 15 === 5) {
        down = ELECTION_SERVERS[below(3)]!;
        await real.kill(down);
      }
      if (ballot % 15 === 12 && down !== undefined) {
        real.start(down);
        down = undefined;
      }
      const voter = below(VOTERS);
      const choice = below(3);
      const cast = await castOne(real, election, voter, choice, ballot + 1);
      const holders = cast.holders > 0 ? cast.holders : await triedAgain(real, election, cast);
      least = Math.min(least, holders);
      last.set(voter, choice);
    }
    assert.ok(least < 3, 'voters kept voting while a server was down');
    for (const server of ELECTION_SERVERS) if (server === down) real.start(server);
    await real.closeBox();
    // Whatever each is doing now, it does again after this.
    for (const server of ELECTION_SERVERS) {
      await real.kill(server);
      real.start(server);
    }
    await real.until('published');
    const checked = checkRecord(
      await real.record(),
      real.deployment.trust['party-town'] ?? '',
      electionChart,
    );
    assert.deepEqual(
      checked.result.map(({ sum }) => sum),
      plainCount(3, [...last.values()]),
      `seed ${seed}`,
    );
    assert.equal(checked.counted, last.size);
    assert.equal(checked.rejected, 0);
    assert.equal(checked.ballots, 90);
  } finally {
    await real.end();
  }
});

test('while a server is away the close waits and says for whom; receipts tell where a ballot is', {
  timeout: 200_000,
}, async () => {
  const real = await RealElection.create({ kind: 'yesNo' }, ['no', 'yes'], 3);
  try {
    for (const server of ELECTION_SERVERS) real.start(server);
    const election = await real.open();
    const first = await castOne(real, election, 0, true, 1);
    assert.equal(first.holders, 3);
    await real.kill('server-c');
    const second = await castOne(real, election, 1, false, 1);
    assert.equal(second.holders, 2);
    // The same again has the same receipt; another under the same number has none.
    const again = await handIn(real.place, election, second.bytes);
    assert.equal(again.filter((one) => 'value' in one && one.value.held.length === 1).length, 2);
    const other = await castOne(real, election, 1, true, 1);
    assert.equal(other.holders, 0);
    assert.deepEqual(refusalsOf(other.answers), ['election.counter-used', 'election.counter-used']);
    await real.closeBox();
    await real.log.follower.until(
      () => real.election.life.context.flushed.length === 2,
      AbortSignal.timeout(60_000),
    );
    assert.deepEqual(electionWaiting(real.election), [
      'waiting for server-c to box what it accepted before the close',
    ]);
    const late = await castOne(real, election, 2, true, 1);
    assert.equal(late.holders, 0);
    assert.deepEqual(refusalsOf(late.answers), ['election.closed', 'election.closed']);
    real.start('server-c');
    await real.until('published');
    assert.deepEqual(real.election.life.context.result, [1]);
    const closed = await fetchElection(real.place, real.id);
    for (const { tracker } of [first, second]) {
      const standings = await askStanding(real.place, closed, tracker);
      assert.deepEqual(
        standings.map((one) =>
          'value' in one ? [one.server, one.value.state] : [one.server, one.error.code],
        ),
        ELECTION_SERVERS.map((server) => [server, 'counted']),
      );
    }
    // A server that starts anew, its keys destroyed, still answers.
    await real.kill('server-a');
    real.start('server-a');
    for (const deadlineMs = Date.now() + 30_000; ; ) {
      const [again] = await askStanding(real.place, closed, first.tracker);
      if (again !== undefined && 'value' in again) {
        assert.equal(again.value.state, 'counted');
        break;
      }
      assert.ok(Date.now() < deadlineMs, 'server-a answers again');
      await systemClock.sleep(100);
    }
    const unknown = await askStanding(real.place, closed, late.tracker);
    assert.ok(unknown.every((one) => 'value' in one && one.value.state === 'unknown'));
  } finally {
    await real.end();
  }
});

test('the deadline closes the box without the registrar', { timeout: 120_000 }, async () => {
  const real = await RealElection.create({ kind: 'yesNo' }, ['no', 'yes'], 1, 20_000);
  try {
    for (const server of ELECTION_SERVERS) real.start(server);
    const election = await real.open();
    assert.equal((await castOne(real, election, 0, true, 1)).holders, 3);
    await real.until('published');
    assert.deepEqual(real.election.life.context.result, [1]);
    assert.ok(Date.now() >= (real.log.view.descriptor(real.id)?.deadlineMs ?? Number.POSITIVE_INFINITY));
  } finally {
    await real.end();
  }
});

test('points and marks are added up exactly over real processes, also where a voter votes again', {
  timeout: 240_000,
}, async () => {
  const elections: readonly (readonly [ElectionType, readonly Choice[], readonly Choice[]])[] = [
    [
      { kind: 'score', max: 5 },
      [
        [5, 0, 3],
        [0, 0, 0],
        [1, 5, 5],
        [2, 2, 2],
      ],
      [[0, 5, 5]],
    ],
    [
      { kind: 'approval', most: 2 },
      [
        [true, false, true],
        [false, false, false],
        [false, true, true],
      ],
      [[false, true, false]],
    ],
  ];
  for (const [type, choices, again] of elections) {
    const real = await RealElection.create(type, LABELS, choices.length);
    try {
      for (const server of ELECTION_SERVERS) real.start(server);
      const election = await real.open();
      for (const [voter, choice] of [...choices.entries(), ...again.entries()]) {
        const counter = choices[voter] === choice ? 1 : 2;
        const cast = await castOne(real, election, voter, choice, counter);
        assert.ok(cast.holders > 0 || (await triedAgain(real, election, cast)) > 0);
      }
      await real.closeBox();
      await real.until('published');
      const registrar = real.deployment.trust['party-town'] ?? '';
      const checked = checkRecord(await real.record(), registrar, electionChart);
      assert.deepEqual(
        checked.result.map(({ sum }) => sum),
        plainCount(3, [...again, ...choices.slice(again.length)]),
      );
      assert.deepEqual([checked.counted, checked.replaced], [choices.length, again.length]);
    } finally {
      await real.end();
    }
  }
});

test('who is not on the list, or sends something else than a ballot, gets a plain reason from every server', {
  timeout: 120_000,
}, async () => {
  const real = await RealElection.create({ kind: 'yesNo' }, ['no', 'yes'], 2);
  try {
    for (const server of ELECTION_SERVERS) real.start(server);
    const election = await real.open();
    const { identity } = real.credentials[0]!;
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [election.caster.cast(2, identity, 1, true, systemRandom), 'election.not-a-voter'],
      [election.caster.cast(1, identity, 1, true, systemRandom), 'election.not-its-voter'],
      [systemRandom(100), 'election.envelope-length'],
      [new Uint8Array(0), 'election.envelope-length'],
      [systemRandom(election.caster.cast(0, identity, 1, true, systemRandom).length), 'election.not-a-voter'],
    ];
    for (const [bytes, code] of cases) {
      const answers = await handIn(real.place, election, bytes);
      assert.deepEqual(refusalsOf(answers), [code, code, code]);
    }
    assert.equal(real.election.ballots, 0);
  } finally {
    await real.end();
  }
});

test('a voter who floods the servers is told to wait, fills neither box nor disk, and keeps nobody from voting', {
  timeout: 240_000,
}, async () => {
  const VOTERS = 25;
  const real = await RealElection.create({ kind: 'yesNo' }, ['no', 'yes'], VOTERS);
  const flood = await connectNats({ servers: real.deployment.nats, name: 'flood', connectTimeoutMs: 30_000 });
  try {
    for (const server of ELECTION_SERVERS) real.start(server);
    const election = await real.open();
    const place = { ...real.place, patienceMs: 60_000 };
    const codes = new Map<string, number>();
    const note = (code: string): void => void codes.set(code, (codes.get(code) ?? 0) + 1);
    const signed = Array.from({ length: 60 }, (_, at) =>
      election.caster.cast(0, real.credentials[0]!.identity, at + 1, false, systemRandom),
    );
    const forged: readonly Uint8Array[] = signed.map((ballot) =>
      ballot.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    );
    const floods = [...signed, ...signed, ...forged, ...signed].map(async (ballot) => {
      for (const answer of await handIn({ ...place, bus: flood }, election, ballot))
        if ('error' in answer) note(`${forged.includes(ballot) ? 'forged: ' : ''}${answer.error.code}`);
        else for (const { error } of answer.value.refused) note(error.code);
    });
    const honest = Array.from({ length: VOTERS - 1 }, (_, at) =>
      castOne(real, election, at + 1, true, 1, place),
    );
    for (const { holders } of await Promise.all(honest)) assert.equal(holders, 3);
    await Promise.all(floods);
    assert.ok((codes.get('election.too-fast') ?? 0) > 0, JSON.stringify([...codes]));
    // What was refused for being too fast may come again, until the voter has as many as a voter may.
    for (const ballot of signed.slice(0, 40))
      for (const answer of await handIn({ ...place, bus: flood }, election, ballot))
        if ('value' in answer) for (const { error } of answer.value.refused) note(error.code);
    assert.ok((codes.get('election.too-many-ballots') ?? 0) > 0, JSON.stringify([...codes]));
    await real.closeBox();
    await real.until('published');
    assert.deepEqual(real.election.life.context.result, [VOTERS - 1]);
    assert.ok(real.election.ballots <= VOTERS - 1 + BALLOTS_PER_VOTER);
  } finally {
    await flood.close();
    await real.end();
  }
});

function refusalsOf(answers: Awaited<ReturnType<typeof handIn>>): string[] {
  return answers.flatMap((one) => ('value' in one ? one.value.refused.map(({ error }) => error.code) : []));
}

/** All were starting at once: a voter tries again with the same ballot. */
async function triedAgain(
  real: RealElection,
  election: VotersElection,
  { bytes, tracker }: Awaited<ReturnType<typeof castOne>>,
): Promise<number> {
  for (const deadlineMs = Date.now() + 30_000; ; ) {
    const answers = await handIn(real.place, election, bytes);
    const holders = answers.filter((one) => 'value' in one && one.value.held.includes(tracker)).length;
    if (holders > 0) return holders;
    assert.ok(Date.now() < deadlineMs, `a ballot is with nobody, seed ${seed}`);
    await systemClock.sleep(100);
  }
}
