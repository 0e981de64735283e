/**
 * Owns elections on the page: which there are, where each stands, its result as a chart, and finding a ballot again.
 * Must never show more of an election than everybody may see.
 */
import { useEffect, useState } from 'preact/hooks';
import { ChartOf } from './charts.tsx';
import { Head } from './head.tsx';
import type { Election, Found, Service } from './service.ts';
import { VoteCard } from './vote.tsx';
import { counted, when } from './words.ts';

/** Elections change slowly, and each server tells of a ballot by itself. */
const AGAIN_MS = 2000;

/** All elections as the party's client knows them, the newest first. */
export function useElections(service: Service): readonly Election[] {
  const [elections, setElections] = useState<readonly Election[]>([]);
  useEffect(() => {
    let timer: number | undefined;
    let isOver = false;
    const look = async (): Promise<void> => {
      // Whether the client is heard at all is said elsewhere.
      const found = await service.elections().catch(() => undefined);
      if (isOver) return;
      if (found !== undefined) setElections(found.items);
      timer = window.setTimeout(() => void look(), AGAIN_MS);
    };
    void look();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [service]);
  return elections;
}

export const addressOf = ({ id }: Election): string => `election-${id}`;

export function ElectionList({
  elections,
  open,
}: {
  readonly elections: readonly Election[];
  readonly open: string | undefined;
}) {
  if (elections.length === 0) return null;
  return (
    <section aria-label="Elections">
      <h2 class="list-title">Elections</h2>
      <ul>
        {elections.map((election) => (
          <li key={election.id}>
            <a
              class="entry"
              href={`#${addressOf(election)}`}
              aria-current={addressOf(election) === open ? 'page' : undefined}
            >
              <span class="entry-title">{election.title}</span>
              <span class="entry-who">
                {stateOf(election).words}, {counted(election.voters, 'voter')}
              </span>
              <span class="entry-when">until {when(election.deadline)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function ElectionDetail({ service, election }: { service: Service; election: Election }) {
  const { title, state, deadline, voters, ballots, waiting, result } = election;
  const { words, chip } = stateOf(election);
  return (
    <article>
      <Head title={title} chip={{ words, look: chip }}>
        {counted(voters, 'voter')}, {counted(ballots, 'ballot')} in the box; closes on {when(deadline)}
      </Head>
      {result !== null && <Outcome election={election} result={result} />}
      {state === 'open' && <VoteCard service={service} election={election} />}
      {state !== 'open' && waiting.length > 0 && (
        <section class="card">
          <h2>What happens next</h2>
          <ul class="statements">
            {waiting.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </section>
      )}
      {!state.startsWith('draft') && <FindCard service={service} election={election} />}
    </article>
  );
}

function stateOf({ state }: Election): { readonly words: string; readonly chip: string } {
  if (state.startsWith('draft')) return { words: 'In preparation', chip: '' };
  if (state === 'open') return { words: 'Open', chip: 'is-asked' };
  if (state === 'published') return { words: 'Result is here', chip: 'is-result' };
  if (state === 'cancelled') return { words: 'Taken back', chip: 'is-ended' };
  if (state === 'disputed') return { words: 'Ended without a result', chip: 'is-ended' };
  return { words: 'Being counted', chip: 'is-underway' };
}

function Outcome({
  election: { kind, counted: ballots },
  result,
}: {
  readonly election: Election;
  readonly result: NonNullable<Election['result']>;
}) {
  const name = kind === 'score' ? 'points' : 'votes';
  const share = (sum: number): string =>
    kind === 'score' || ballots === 0 ? '' : ` (${((100 * sum) / ballots).toFixed(1)} %)`;
  const bars = result.map(({ label, sum }) => ({
    label,
    series: '',
    value: sum,
    text: `${sum.toLocaleString('en')}${share(sum)}`,
  }));
  return (
    <section class="card is-result" aria-labelledby="outcome">
      <h2 id="outcome">The result</h2>
      <ChartOf chart={{ kind: 'bars', name, bars, series: [] }} />
      <table class="data">
        <caption>{counted(ballots, 'ballot')} counted</caption>
        <thead>
          <tr>
            <th scope="col">Option</th>
            <th scope="col" class="is-number">
              {name}
            </th>
          </tr>
        </thead>
        <tbody>
          {result.map(({ label, sum }) => (
            <tr key={label}>
              <td>{label}</td>
              <td class="is-number">{sum.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const STANDINGS: Readonly<Record<string, string>> = {
  unknown: 'does not have it',
  accepted: 'has it, not yet in the box',
  boxed: 'has it in the box',
  verified: 'has it in the box, and its proof holds',
  rejected: 'has it in the box, and its proof does not hold',
  replaced: 'has it in the box; a later one of the same voter counts',
  counted: 'has counted it',
  silent: 'does not answer',
};

function FindCard({ service, election: { id } }: { service: Service; election: Election }) {
  const [found, setFound] = useState<Found>();
  const [fault, setFault] = useState<string>();
  const find = async (tracker: string): Promise<void> => {
    setFault(undefined);
    setFound(undefined);
    await service.ballot(id, tracker).then(setFound, (error: unknown) => setFault(String(error)));
  };
  return (
    <section class="card" aria-labelledby="find">
      <h2 id="find">Find a ballot</h2>
      <form
        class="find"
        onSubmit={(event) => {
          event.preventDefault();
          void find(String(new FormData(event.currentTarget).get('tracker') ?? '').trim());
        }}
      >
        <label>
          Its tracker{' '}
          <input name="tracker" required pattern="\s*[0-9a-f]{40}\s*" autoComplete="off" spellcheck={false} />
        </label>
        <button type="submit">Ask the servers</button>
      </form>
      {fault !== undefined && (
        <p role="alert" class="fault">
          {fault}
        </p>
      )}
      <ul class="statements" aria-live="polite">
        {found?.servers.map(({ server, state, position }) => (
          <li key={server}>
            {server} {STANDINGS[state] ?? state}
            {position === undefined ? '' : ` at position ${position}`}
          </li>
        ))}
      </ul>
    </section>
  );
}
