/**
 * Owns the start of the inspector's page. Must never ask any host but the one that it came from.
 */
import { render } from 'preact';
import { takeToken } from '../shared/token.ts';
import { App } from './app.tsx';
import { Player } from './player.ts';
import { Source } from './source.ts';

async function start(place: HTMLElement): Promise<void> {
  const token = takeToken(window);
  if (token === undefined) throw new Error('Open the link that mpc inspect prints: it holds the token.');
  const source = new Source(token);
  const player = new Player(await source.view());
  render(<App player={player} />, place);
  player.changed();
  await source.follow(
    (records) => player.add(records),
    (isThere) => player.set('isLinked', isThere),
  );
}

const place = document.getElementById('page');
if (place !== null)
  start(place).catch((error: unknown) =>
    render(
      <main class="fault">
        <p role="alert">{error instanceof Error ? error.message : String(error)}</p>
      </main>,
      place,
    ),
  );
