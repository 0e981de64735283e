import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { distantBus } from '../../src/bus/distant.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { HandClock } from './hand-clock.ts';

interface Place {
  readonly clock: HandClock;
  /** Server A, to which server B is 20 ms away. */
  readonly bus: Bus;
  /** Everyone else, near. */
  readonly near: Bus;
}

function open(): Place {
  const clock = new HandClock();
  const hub = new MemoryHub({ seed: 1, clock });
  const bus = distantBus({ bus: hub.connect('server-a'), clock, peer: 'server-b', delayMs: 20 });
  return { clock, bus, near: hub.connect('others') };
}

const toB = subjects.channel('d', 'server-b', 'server-a', 'c', 'compute');
const toDealer = subjects.channel('d', 'dealer', 'server-a', 'c', 'tape');

test('what is said to the one far away comes later, in order; the rest comes at once', async () => {
  const { clock, bus, near } = open();
  const arrived: [string, number, number][] = [];
  for (const subject of [toB, toDealer])
    near.subscribe(subject, ({ data }) => arrived.push([subject, data[0]!, clock.now()]));
  const data = Uint8Array.of(1);
  bus.publish(toB, data);
  data[0] = 9;
  bus.publish(toB, Uint8Array.of(2));
  bus.publish(toDealer, Uint8Array.of(3));
  await clock.runDry();
  const timesOf = (subject: string) => arrived.filter(([of]) => of === subject);
  assert.deepEqual(
    timesOf(toB).map(([, number]) => number),
    [1, 2],
  );
  assert.ok(
    timesOf(toB).every(([, , atMs]) => atMs >= 20),
    'held back by 20 ms',
  );
  assert.deepEqual(timesOf(toDealer), [[toDealer, 3, timesOf(toDealer)[0]![2]]]);
  assert.ok(timesOf(toDealer)[0]![2] < 20, 'not held back');
});

test('requests to it and answers for it are held back, too', async () => {
  const hub = new MemoryHub({ seed: 1 });
  const bus = distantBus({ bus: hub.connect('server-a'), clock: systemClock, peer: 'server-b', delayMs: 20 });
  const b = hub.connect('server-b');
  const [toA, fromA] = [
    subjects.hello('d', 'server-a', 'server-b'),
    subjects.hello('d', 'server-b', 'server-a'),
  ];
  bus.subscribe(toA, ({ respond }) => respond?.(Uint8Array.of(7)));
  b.subscribe(fromA, ({ respond }) => respond?.(Uint8Array.of(8)));
  const startedMs = performance.now();
  const answers = await Promise.all(
    [b.request(toA, new Uint8Array(0), 5000), bus.request(fromA, new Uint8Array(0), 5000)].map(
      async (answer) => ({ says: (await answer)[0], afterMs: performance.now() - startedMs }),
    ),
  );
  await bus.close();
  await b.close();
  assert.deepEqual(
    answers.map(({ says }) => says),
    [7, 8],
  );
  for (const { afterMs } of answers) assert.ok(afterMs >= 19, `answered after ${afterMs} ms`);
});
