/**
 * Submitting to coordinator replicas over a bus that loses and doubles what it carries.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { type Address, subjects } from '../../src/bus/subjects.ts';
import { COMMAND_BYTES, commandBytes } from '../../src/coordination/commands.ts';
import { parseReply } from '../../src/coordination/reply.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { withLog } from '../support/changed-log.ts';
import { hurriedClock, patience, startReplica, submit } from './replica.ts';
import {
  commandId,
  DEPLOYMENT,
  descriptorOf,
  digestOfNumber,
  idOfNumber,
  signed,
  submittedBy,
  wholeLife,
} from './world.ts';

const create = (number: number) => ({ kind: 'create', descriptor: descriptorOf(number) }) as const;

async function inHub(act: (hub: MemoryHub) => Promise<void>, seed: number | string = 1): Promise<void> {
  const hub = new MemoryHub({ seed });
  try {
    await act(hub);
  } finally {
    await hub.close();
  }
}

test('whole lives are applied once each, by two replicas, over a bus that loses and doubles', async () => {
  let retries = 0;
  for (const seed of ['one', 'two', 'three']) {
    await inHub(async (hub) => {
      const replicas = [
        await startReplica(hub.connect('first')),
        await startReplica(hub.connect('second')),
      ] as const;
      hub.setFaults({ drop: 0.2, duplicate: 0.2, delayMs: [0, 3], reorder: 0.2 });
      const connections = new Map<Address, Bus>();
      const connection = (me: Address): Bus => {
        const bus = connections.get(me) ?? hub.connect(me);
        connections.set(me, bus);
        return bus;
      };
      const lives = [0, 1, 2].map(async (number) => {
        for (const [index, [me, body]] of wholeLife(number).entries())
          await submit(connection(me), me, body, commandId(100 * number + index), {
            onRetry: () => retries++,
          });
      });
      await Promise.all(lives);
      hub.setFaults({});
      for (const { follower } of replicas) {
        await follower.until((state) => state.counters.accepted === 36, patience());
        const { duplicates: _, ...counters } = follower.state.counters;
        assert.deepEqual(counters, { accepted: 36, refused: 0, skipped: 0, passed: 0 });
        assert.deepEqual(
          follower.state.collaborations().map(({ status }) => status),
          ['finished', 'finished', 'finished'],
        );
      }
      const [first, second] = replicas;
      assert.equal(stateDigest(first.follower.snapshot()), stateDigest(second.follower.snapshot()));
      for (const replica of replicas) await replica.stop();
    }, seed);
  }
  assert.ok(retries > 20, `expected many retries, saw ${retries}`);
});

test('what is malformed, forged or sent under a foreign name is answered at once and never appended', () =>
  inHub(async (hub) => {
    const replica = await startReplica(hub.connect('coordinator'));
    const bus = hub.connect('party-acme');
    const approve = {
      kind: 'approve',
      collaboration: idOfNumber(0),
      attempt: 1,
      descriptor: digestOfNumber(0),
    } as const;
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [utf8.encode('hello'), 'command.malformed'],
      [new Uint8Array(), 'command.malformed'],
      [new Uint8Array(COMMAND_BYTES + 1), 'command.malformed'],
      [submittedBy('party-beta', approve, commandId(1)), 'command.wrong-sender'],
      [commandBytes(signed('party-acme', approve, commandId(1), 'party-beta')), 'command.bad-signature'],
      [
        commandBytes({ ...signed('party-acme', approve, commandId(1)), id: commandId(2) }),
        'command.bad-signature',
      ],
    ];
    for (const [data, code] of cases) {
      const reply = parseReply(await bus.request(subjects.submit(DEPLOYMENT, 'party-acme'), data, 2000));
      assert.ok(reply !== undefined && !reply.ok && !('again' in reply), code);
      assert.equal(reply.error.code, code);
    }
    const nobody = signed('party-acme', approve, commandId(1));
    const unknown = commandBytes({ ...nobody, author: 'party-nobody' });
    const reply = parseReply(await bus.request(subjects.submit(DEPLOYMENT, 'party-nobody'), unknown, 2000));
    assert.equal(reply?.ok === false && reply.error.code, 'command.unknown-author');
    bus.publish(subjects.submit(DEPLOYMENT, 'party-acme'), submittedBy('party-acme', approve, commandId(3)));
    await submit(bus, 'party-acme', create(0), commandId(4)); // what was published before it has been heard
    assert.equal(await (await bus.log(subjects.logStream(DEPLOYMENT))).last(), 1);
    assert.deepEqual(
      replica.troubles.map(({ report }) => report.code),
      [...cases.map(([, code]) => code), 'command.unknown-author', 'command.no-reply-subject'],
    );
    await replica.stop();
  }));

test("the log's refusal is thrown with its code and hint, and not asked for again", () =>
  inHub(async (hub) => {
    const replica = await startReplica(hub.connect('coordinator'));
    const bus = hub.connect('party-acme');
    let retries = 0;
    const cancel = () =>
      submit(bus, 'party-acme', { kind: 'cancel', collaboration: idOfNumber(0) }, commandId(1), {
        onRetry: () => retries++,
      });
    const refused = { code: 'collaboration.unknown', hint: 'check its id' };
    await assert.rejects(cancel(), refused);
    await submit(bus, 'party-acme', create(0), commandId(2));
    await assert.rejects(cancel(), refused, 'a retry has the first outcome');
    await assert.rejects(submit(bus, 'party-acme', create(1), commandId(2)), { code: 'command.id-reused' });
    assert.equal(retries, 0);
    assert.deepEqual(replica.follower.state.counters, {
      accepted: 1,
      refused: 1,
      duplicates: 1,
      skipped: 0,
      passed: 0,
    });
    await replica.stop();
  }));

test('a replica that stops between append and answer doubles nothing: its successor knows the outcome', () =>
  inHub(async (hub) => {
    const bus = hub.connect('party-analyst');
    let appended = 0;
    let sayAppended: () => void = () => {};
    const reached = new Promise<void>((resolve) => {
      sayAppended = resolve;
    });
    const stuck = withLog(hub.connect('first'), (log) => ({
      append: async (id, data) => {
        await log.append(id, data);
        appended++;
        sayAppended();
        return new Promise(() => {}); // the acknowledgement never comes
      },
    }));
    const first = await startReplica(stuck);
    const submitted = submit(bus, 'party-analyst', create(0), commandId(1), { requestTimeoutMs: 5000 });
    await reached;
    assert.equal(first.service.inHand, 1);
    const saved = first.follower.snapshot();
    await first.stop();
    assert.equal(first.service.inHand, 0);
    const second = await startReplica(hub.connect('second'), { fromState: saved });
    assert.deepEqual(await submitted, { sequence: 1, answer: { status: 'open' } });
    assert.deepEqual(second.follower.state.counters, {
      accepted: 1,
      refused: 0,
      duplicates: 0,
      skipped: 0,
      passed: 0,
    });
    assert.equal(appended, 1);
    await second.stop();
  }));

test('a replica whose process is killed in the middle is replaced by another without a trace', () =>
  inHub(async (hub) => {
    const first = hub.connect('first');
    await startReplica(first);
    const bus = hub.connect('party-analyst');
    const [creation, ...rest] = wholeLife(0);
    await submit(bus, creation![0], creation![1], commandId(0));
    const [dealt] = rest;
    const waiting = submit(hub.connect(dealt![0]), dealt![0], dealt![1], commandId(1));
    await first.close();
    const second = await startReplica(hub.connect('second'));
    assert.ok((await waiting).sequence >= 2);
    await second.follower.until(
      (state) => state.collaboration(idOfNumber(0))?.lifecycle.context.randomness.length === 1,
      patience(),
    );
    assert.equal(second.follower.state.counters.accepted, 2);
    await second.stop();
  }));

test('a command waits for a coordinator to appear, and its signal ends the waiting', () =>
  inHub(async (hub) => {
    const bus = hub.connect('party-analyst');
    let heard: () => void = () => {};
    const tried = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const submitted = submit(bus, 'party-analyst', create(0), commandId(1), {
      onRetry: (_, attempt) => attempt === 3 && heard(),
    });
    await tried;
    const replica = await startReplica(hub.connect('coordinator'));
    assert.equal((await submitted).sequence, 1);
    await replica.stop();
    const enough = new AbortController();
    const reasons: string[] = [];
    const given = submit(bus, 'party-analyst', create(1), commandId(2), {
      signal: enough.signal,
      onRetry: (why, attempt) => {
        reasons.push(why.code);
        if (attempt === 2) enough.abort(new MpcError('test.enough', 'given up'));
      },
    });
    await assert.rejects(given, { code: 'test.enough' });
    assert.deepEqual(reasons, ['bus.no-responders', 'bus.no-responders']);
    await assert.rejects(submit(bus, 'party-analyst', create(1), commandId(2), { signal: enough.signal }), {
      code: 'test.enough',
    });
  }));

test('a flood from one author leaves room for the others, and every command of it is applied once', () =>
  inHub(async (hub) => {
    const replica = await startReplica(hub.connect('coordinator'));
    const flooder = hub.connect('party-acme');
    const other = hub.connect('party-beta');
    const busy = new Set<string>();
    const flood = Array.from({ length: 80 }, (_, index) =>
      submit(flooder, 'party-acme', create(index), commandId(index), {
        requestTimeoutMs: 5000,
        onRetry: ({ code }) => busy.add(code),
      }),
    );
    let retried = 0;
    const alone = submit(other, 'party-beta', create(200), commandId(0), {
      requestTimeoutMs: 5000,
      onRetry: () => retried++,
    });
    await alone;
    assert.equal(retried, 0, 'the other author was never told to wait');
    await Promise.all(flood);
    assert.deepEqual([...busy], ['coordinator.busy']);
    assert.deepEqual(replica.follower.state.counters, {
      accepted: 81,
      refused: 0,
      duplicates: 0,
      skipped: 0,
      passed: 0,
    });
    assert.equal(replica.service.inHand, 0);
    await replica.stop();
  }));

test('retries of a command in hand share one append', () =>
  inHub(async (hub) => {
    let appends = 0;
    const counted = withLog(hub.connect('coordinator'), (log) => ({
      append: (id, data) => {
        appends++;
        return log.append(id, data);
      },
    }));
    const replica = await startReplica(counted);
    const bus = hub.connect('party-analyst');
    const same = () => submit(bus, 'party-analyst', create(0), commandId(1), { requestTimeoutMs: 5000 });
    const answers = await Promise.all([same(), same(), same()]);
    assert.deepEqual(answers, [answers[0], answers[0], answers[0]]);
    await same();
    assert.equal(appends, 1);
    assert.deepEqual(
      replica.follower.snapshot().remembered.map(({ by, id }) => `${by} ${id}`),
      [`party-analyst ${commandId(1)}`],
    );
    await replica.stop();
  }));

test('an answer that is not readable is asked for again', () =>
  inHub(async (hub) => {
    const impostor = hub.connect('impostor');
    const answers = [
      '',
      'ok',
      '{"ok":true}',
      '{"ok":true,"sequence":0}',
      '{"ok":false,"error":{"code":1}}',
      '{"ok":true,"sequence":7}',
    ];
    const pending = [...answers];
    impostor.subscribe(subjects.submit(DEPLOYMENT, '*'), ({ respond }) =>
      respond?.(utf8.encode(pending.shift()!)),
    );
    const reasons: string[] = [];
    const done = await submit(hub.connect('party-acme'), 'party-acme', create(0), commandId(1), {
      requestTimeoutMs: 5000,
      clock: hurriedClock,
      onRetry: ({ code }) => reasons.push(code),
    });
    assert.equal(done.sequence, 7);
    assert.deepEqual(
      reasons,
      Array.from({ length: 5 }, () => 'coordinator.unreadable'),
    );
  }));
