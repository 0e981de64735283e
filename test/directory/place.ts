/**
 * One place where somebody is signed in and receives, with what it was told.
 */
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { Correspondent } from '../../src/directory/client/correspondent.ts';
import { History } from '../../src/directory/client/history.ts';
import { Pins } from '../../src/directory/client/pins.ts';
import type { Happening } from '../../src/directory/client/reading.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { Collected } from '../bus/collected.ts';

export class Place {
  readonly texts = new Collected<string>();
  readonly connections = new Collected<boolean>();
  readonly correspondent: Correspondent;
  readonly #leave = new AbortController();
  #receiving: Promise<void> = Promise.resolve();

  private constructor(deployment: string, name: string, identity: Identity, calls: DirectoryCalls) {
    this.correspondent = new Correspondent({
      calls,
      deployment,
      account: name,
      identity,
      sealingKeys: [sealingKeyOf(identity)],
      pins: new Pins({ read: () => undefined, write: () => {} }),
      history: new History({ read: () => undefined, append: () => {} }),
      clock: systemClock,
      random: systemRandom,
      tell: (happening) => this.#told(happening),
    });
  }

  static async enter(
    deployment: string,
    name: string,
    identity: Identity,
    calls: DirectoryCalls,
  ): Promise<Place> {
    const place = new Place(deployment, name, identity, calls);
    await place.correspondent.signIn();
    place.#receiving = place.correspondent.receive(place.#leave.signal);
    place.#receiving.catch(() => {});
    await place.connections.atLeast(1);
    return place;
  }

  #told(happening: Happening): void {
    if (happening.kind === 'message') this.texts.add(happening.message.text);
    else if (happening.kind === 'connection') this.connections.add(happening.up);
  }

  async leave(): Promise<void> {
    this.#leave.abort(new Error('left'));
    await this.#receiving.catch(() => {});
  }
}
