/**
 * Thousands of random ballots over real processes and a real broker, while servers are killed (SIGKILL) again and again: each server gets
 * ballots in an order of its own, and many twice. BALLOTS=10000 makes it more, and longer.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { plainCount } from '../../bin/verbs/election-demo.ts';
import { electionChart } from '../../roles/election.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { handIn, type VotersElection, type VotingPlace } from '../../src/box/voting.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { ELECTION_SERVERS, type ElectionServer } from '../../src/election/descriptor.ts';
import { envelopeBytes } from '../../src/election/envelope.ts';
import { stateOfLife } from '../../src/election/life.ts';
import { checkRecord } from '../../src/election/record.ts';
import { draws } from '../support/ballots.ts';
import { RealElection } from '../support/election.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
console.log(`SEED=${seed}`);
const BALLOTS = Number(process.env.BALLOTS ?? 1_200);
const VOTERS = 400 + BALLOTS / 10;
const MOST_IN_MESSAGE = 60;
/** A kill each so many ballots, and a new start so many later. */
const KILLED_EVERY = Math.floor(BALLOTS / 8);
const DOWN_FOR = Math.floor(KILLED_EVERY / 3);
const UNDER_WAY = 3;
/** Ballots of one voter: the box takes no more than 32. */
const EACH = 30;
const { below } = draws(seed);

test('servers are killed again and again while thousands vote, and in every state of the close: the result is the plain count', {
  timeout: Math.max(290_000, 100 * BALLOTS),
}, async () => {
  const real = await RealElection.create({ kind: 'yesNo' }, ['no', 'yes'], VOTERS);
  try {
    for (const server of ELECTION_SERVERS) real.start(server);
    const election = await real.open();
    const mixed = { twice: 0, kills: 0 };
    const place = mixedUp(real.place, election, mixed);
    const standing = new Map<number, { readonly counter: number; readonly choice: boolean }>();
    const cast = new Map<number, number>();
    const underWay = new Set<Promise<void>>();
    let made = 0;
    let down: ElectionServer | undefined;
    const kill = async (server: ElectionServer): Promise<void> => {
      await real.kill(server);
      mixed.kills++;
    };
    while (made < BALLOTS) {
      const before = made;
      const message: Uint8Array[] = [];
      for (let some = 1 + below(MOST_IN_MESSAGE); some > 0 && made < BALLOTS; some--) {
        const voter = below(VOTERS);
        if ((cast.get(voter) ?? 0) >= EACH) continue;
        cast.set(voter, (cast.get(voter) ?? 0) + 1);
        // Numbers need not rise in the order of casting: the highest counts.
        const counter = 1 + below(2 ** 40);
        const choice = below(2) === 1;
        const { identity } = real.credentials[voter]!;
        message.push(election.caster.cast(voter, identity, counter, choice, systemRandom));
        made++;
        if ((standing.get(voter)?.counter ?? 0) < counter) standing.set(voter, { counter, choice });
      }
      if (message.length === 0) continue;
      while (underWay.size >= UNDER_WAY) await Promise.race(underWay);
      const sent = untilHeld(place, election, message).finally(() => underWay.delete(sent));
      underWay.add(sent);
      if (phase(before, KILLED_EVERY - DOWN_FOR) < phase(made, KILLED_EVERY - DOWN_FOR)) {
        down = ELECTION_SERVERS[below(3)]!;
        await kill(down);
      }
      if (down !== undefined && phase(before, 0) < phase(made, 0)) {
        real.start(down);
        down = undefined;
      }
    }
    await Promise.all(underWay);
    if (down !== undefined) real.start(down);
    const killedBefore = mixed.kills;
    await real.closeBox();
    for (const state of ['closing.flushing', 'closing.sealing', 'tallying']) {
      // Whatever it is doing by then, it does again.
      await real.until(...STATES.slice(STATES.indexOf(state)));
      if (stateOfLife(real.election.life) === 'published') break;
      const server = ELECTION_SERVERS[below(3)]!;
      await kill(server);
      real.start(server);
    }
    await real.until('published');
    const registrar = real.deployment.trust['party-town'] ?? '';
    const checked = checkRecord(await real.record(), registrar, electionChart);
    const choices = [...standing.values()].map(({ choice }) => choice);
    assert.deepEqual(
      checked.result.map(({ sum }) => sum),
      plainCount(2, choices),
      `seed ${seed}`,
    );
    assert.equal(checked.counted, standing.size);
    assert.equal(checked.rejected, 0);
    assert.equal(checked.ballots, BALLOTS);
    assert.ok(killedBefore >= 5, `${killedBefore} kills while voters voted`);
    assert.ok(mixed.twice > 5, `${mixed.twice} messages came twice`);
    console.log(`${BALLOTS} ballots, ${mixed.kills} kills, ${mixed.twice} messages twice`);
  } finally {
    await real.end();
  }
});

const STATES = ['closing.flushing', 'closing.sealing', 'tallying', 'published'];

const phase = (ballots: number, ahead: number): number => Math.floor((ballots + ahead) / KILLED_EVERY);

/** Each server gets the ballots of a message in an order of its own, and one message in five twice. */
function mixedUp(place: VotingPlace, { type }: VotersElection, counts: { twice: number }): VotingPlace {
  const { bus } = place;
  const length = envelopeBytes(type.sizes);
  const request: typeof bus.request = (subject, data, timeoutMs) => {
    const parts = Array.from({ length: data.length / length }, (_, at) =>
      data.subarray(at * length, (at + 1) * length),
    );
    const order: Uint8Array[] = [];
    while (parts.length > 0) order.push(...parts.splice(below(parts.length), 1));
    const shuffled = Buffer.concat(order);
    if (below(5) === 0) {
      counts.twice++;
      // Nobody waits for the answer to the second.
      bus.request(subject, shuffled, timeoutMs).catch(() => {});
    }
    return bus.request(subject, shuffled, timeoutMs);
  };
  // Handing in uses no more of a bus than this.
  return { ...place, bus: { request } as unknown as Bus };
}

/** Every ballot is with one server at least. */
async function untilHeld(place: VotingPlace, election: VotersElection, message: Uint8Array[]): Promise<void> {
  for (const deadlineMs = Date.now() + 120_000; ; ) {
    const answers = await handIn(place, election, Buffer.concat(message));
    const held = new Set(answers.flatMap((one) => ('value' in one ? one.value.held : [])));
    if (held.size === message.length) return;
    assert.ok(Date.now() < deadlineMs, `ballots are with nobody, seed ${seed}`);
    await systemClock.sleep(100);
  }
}
