/** The client's way to the coordinators over a real broker. */
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { Faces } from '../api/world.ts';
import { DEPLOYMENT, trust } from '../coordination/world.ts';
import { withBroker } from '../support/broker.ts';
import { behind } from './behind.ts';
import { callsContract } from './calls-contract.ts';

callsContract('over NATS', (act, limits) =>
  withBroker(async ({ url }) => {
    const faces = await Faces.open({
      replicas: 2,
      accounts: true,
      ...limits,
      connect: (name) => connectNats({ servers: url, name }),
    });
    const bus = await connectNats({ servers: url, name: 'party-acme' });
    try {
      const calls = natsDirectory({
        bus,
        deployment: DEPLOYMENT,
        me: 'party-acme',
        coordinatorKey: trust.coordinator ?? '',
        clock: systemClock,
        random: systemRandom,
      });
      await act(await behind(faces, calls));
    } finally {
      await bus.close();
      await faces.close();
    }
  }),
);
