/** The bus and the log over a real broker. */
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { type TestBroker, withBroker } from '../support/broker.ts';
import { busContract, type World } from './contract.ts';
import { logContract } from './log-contract.ts';

/** Each test has a broker of its own: a fresh log. Starting one takes some 30 ms. */
async function inNatsWorld(act: (world: World) => Promise<void>): Promise<void> {
  await withBroker(async (broker: TestBroker) => {
    const connected: Bus[] = [];
    try {
      await act({
        connect: async (name) => {
          const bus = await connectNats({ servers: broker.url, name });
          connected.push(bus);
          return bus;
        },
      });
    } finally {
      await Promise.all(connected.map((bus) => bus.close()));
    }
  });
}

busContract('nats', inNatsWorld);
logContract('nats', inNatsWorld);
