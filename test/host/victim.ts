/**
 * Owns the process that kill.test.ts kills: a host on a file, which is given the same events at every start.
 * Says on its standard output how far it is; what it delivers goes to a file, one line each.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { EffectContext } from '../../src/host/host.ts';
import { openHost } from '../../src/host/open.ts';
import { openStore } from '../../src/store/store.ts';
import { ledgerMachine } from './ledger.ts';

const [path = '', spoken = '', count = '0'] = process.argv.slice(2);
const store = await openStore({ path });
let settle = (): void => {};
const host = await openHost({
  store,
  clock: systemClock,
  random: systemRandom,
  machines: { ledger: ledgerMachine },
  effects: { job: async ({ input }: EffectContext<{ n: number }>) => input.n },
  deliveries: {
    say: async (params, { id }) =>
      appendFileSync(spoken, `${JSON.stringify({ id, ...(params as object) })}\n`),
  },
  onTransition: ({ to }) => to[0] !== 'working' && settle(),
});
await host.start('a', 'ledger', { start: [] });
writeSync(1, 'started\n');
for (let n = 0; n < Number(count); n++) {
  if (host.states('a')?.[0] === 'working')
    await new Promise<void>((resolve) => {
      settle = resolve;
    });
  await host.send('a', { type: n % 7 === 3 ? 'work' : 'add', n } as never, `event ${n}`);
}
while ((await store.get('SELECT 1 FROM outbox')) !== undefined) await systemClock.sleep(5);
await host.stop();
await store.close();
writeSync(1, 'finished\n');
