/**
 * A replica without a state gets another's over the bus, or says why it does not use it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { canonicalJson } from '../../src/base/canonical.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { fetchSnapshot } from '../../src/coordination/fetch-snapshot.ts';
import { askReplicas, openReplicaDesk } from '../../src/coordination/replicas.ts';
import { signText } from '../../src/coordination/signatures.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { openSnapshotDesk, SNAPSHOT, snapshotText } from '../../src/coordination/snapshot-desk.ts';
import { follow, patience } from './replica.ts';
import { bytesFor, commandId, DEPLOYMENT, descriptorOf, identityOf, trust, wholeLife } from './world.ts';

const LONG = 300;

/** A replica that has seen enough for several parts. */
async function withReplica(
  act: (hub: MemoryHub, replica: Awaited<ReturnType<typeof follow>>) => Promise<void>,
) {
  const hub = new MemoryHub({ seed: 'snapshot' });
  try {
    const bus = hub.connect('first');
    const log = await bus.log(subjects.logStream(DEPLOYMENT));
    for (const [index, [author, body]] of wholeLife(0).entries())
      await log.append(`life ${index}`, bytesFor(author, body, commandId(index)));
    for (let number = 0; number < LONG; number++) {
      const descriptor = { ...descriptorOf(1), nonce: commandId(number) };
      const author = number % 2 === 0 ? 'party-acme' : 'party-beta';
      await log.append(
        `${number}`,
        bytesFor(author, { kind: 'create', descriptor }, commandId(1000 + number)),
      );
    }
    const replica = await follow(bus);
    await replica.until(({ sequence }) => sequence === wholeLife(0).length + LONG, patience());
    await act(hub, replica);
    replica.stop();
  } finally {
    await hub.close();
  }
}

const fetchOn = (hub: MemoryHub, logEnds: number, troubles: string[] = []) =>
  fetchSnapshot({
    bus: hub.connect('second'),
    deployment: DEPLOYMENT,
    trust,
    logEnds,
    onTrouble: ({ code, message }) => troubles.push(`${code}: ${message}`),
  });

test('a new replica starts from the state of another, part by part, and follows from there', () =>
  withReplica(async (hub, follower) => {
    const desk = openSnapshotDesk({
      bus: hub.connect('desk'),
      deployment: DEPLOYMENT,
      identity: identityOf('coordinator'),
      follower,
      replica: 'abc1',
    });
    let parts = 0;
    hub.connect('spy').subscribe(subjects.snapshot(DEPLOYMENT, 'abc1'), () => void parts++);
    const states = await Promise.all([fetchOn(hub, 1000), fetchOn(hub, 1000)]);
    assert.ok(parts >= 6, `expected several parts for each, saw ${parts}`);
    for (const state of states) {
      assert.ok(state !== undefined);
      assert.equal(stateDigest(state), stateDigest(follower.snapshot()));
      const second = await follow(hub.connect('third'), { fromState: state });
      await second.caughtUp;
      assert.equal(stateDigest(second.snapshot()), stateDigest(follower.snapshot()));
      second.stop();
    }
    desk.unsubscribe();
  }));

test('nobody there is no trouble; a state that was not signed, is ahead of the log, or not whole is not used', () =>
  withReplica(async (hub, follower) => {
    const troubles: string[] = [];
    assert.equal(await fetchOn(hub, 1000, troubles), undefined);
    assert.equal(troubles.length, 0);
    const honest = (identity = identityOf('coordinator')) =>
      openSnapshotDesk({
        bus: hub.connect('desk'),
        deployment: DEPLOYMENT,
        identity,
        follower,
        replica: 'abc1',
      });

    const forger = honest(identityOf('dealer'));
    assert.equal(await fetchOn(hub, 1000, troubles), undefined);
    forger.unsubscribe();

    const ahead = honest();
    assert.equal(await fetchOn(hub, 5, troubles), undefined);
    ahead.unsubscribe();

    const bus = hub.connect('liar');
    const about = { deployment: DEPLOYMENT, sequence: 3, chain: 'c', digest: 'd'.repeat(64) };
    const signature = signText(identityOf('coordinator'), SNAPSHOT, snapshotText(about));
    const { deployment: _, ...rest } = about;
    const head = utf8.encode(canonicalJson({ ...rest, signature, replica: 'liar', name: '1' }));
    bus.subscribe(subjects.snapshot(DEPLOYMENT), ({ respond }) => respond?.(head));
    const texts = ['["state",{"sequence":3,"chain":"c"}]\n', ''];
    bus.subscribe(subjects.snapshot(DEPLOYMENT, 'liar'), ({ data, respond }) =>
      respond?.(utf8.encode(texts[Number(utf8.decode(data).split(' ')[1]) - 1] ?? '')),
    );
    assert.equal(await fetchOn(hub, 1000, troubles), undefined);
    texts[0] = '"no line"\n';
    assert.equal(await fetchOn(hub, 1000, troubles), undefined);
    assert.deepEqual(
      troubles.map((trouble) => trouble.split(':')[0]),
      ['snapshot.refused', 'snapshot.refused', 'snapshot.refused', 'snapshot.malformed'],
    );
    assert.match(troubles.join(), /signature.*ends at 5.*not whole/);
  }));

test('every replica that is asked tells how far it is and its digests', () =>
  withReplica(async (hub, follower) => {
    const desks = ['coordinator', 'coordinator-2'].map((name) =>
      openReplicaDesk({
        bus: hub.connect(name),
        deployment: DEPLOYMENT,
        follower,
        clock: systemClock,
        name,
        replica: name,
        inHand: () => 7,
      }),
    );
    const asked = await askReplicas({
      bus: hub.connect('asker'),
      deployment: DEPLOYMENT,
      me: 'dealer',
      clock: systemClock,
      patienceMs: 5000,
      enough: 2,
    });
    const { sequence, chain } = follower.snapshot();
    const digest = stateDigest(follower.snapshot());
    assert.deepEqual(asked, [
      { name: 'coordinator', replica: 'coordinator', sequence, chain, digest, inHand: 7 },
      { name: 'coordinator-2', replica: 'coordinator-2', sequence, chain, digest, inHand: 7 },
    ]);
    for (const desk of desks) desk.unsubscribe();
  }));
