/**
 * Owns how far a collaboration is: its steps, what it waits for, and what each party has done.
 */
import type { TakingPart } from './service.ts';
import { counted, partWords } from './words.ts';

interface Step {
  readonly title: string;
  readonly state: 'done' | 'now' | 'later';
  readonly note: string;
}

function stepsOf({ collaboration }: TakingPart): Step[] {
  const { status, waiting, inputParties, outputs, received } = collaboration;
  const awaits = (what: string): boolean => waiting.some((one) => one.what === what);
  const hasBegun = ['ready', 'running', 'finished'].includes(status);
  const isFinished = status === 'finished';
  const approved = inputParties.filter((party) => party.approved).length;
  const uploaded = inputParties.filter((party) => party.uploaded !== null).length;
  const state = (isDone: boolean, isNow: boolean): Step['state'] =>
    isDone ? 'done' : isNow ? 'now' : 'later';
  const everyone = inputParties.length;
  return [
    {
      title: 'Everyone approves',
      state: state(hasBegun || !awaits('approval'), true),
      note: `${approved} of ${everyone}`,
    },
    {
      title: 'Randomness is made',
      state: state(hasBegun || !awaits('randomness'), true),
      note: 'by the dealer, before any rows',
    },
    {
      title: 'Masked rows arrive',
      state: state(hasBegun, uploaded > 0 || !awaits('approval')),
      note: `${uploaded} of ${everyone}`,
    },
    {
      title: 'The servers compute',
      state: state(isFinished, hasBegun),
      note: 'on masked values alone',
    },
    {
      title: 'The result is learned',
      state: state(isFinished && received.length === outputs.length, isFinished),
      note: `by ${received.length} of ${outputs.length}`,
    },
  ];
}

const STATE_WORDS: Readonly<Record<Step['state'], string>> = {
  done: 'done',
  now: 'under way',
  later: 'later',
};

export function Progress({ taking }: { readonly taking: TakingPart }) {
  const { waiting, inputParties } = taking.collaboration;
  const own = partWords(taking.part.part);
  return (
    <section class="card" aria-labelledby="progress">
      <h2 id="progress">How far it is</h2>
      <ol class="steps">
        {stepsOf(taking).map(({ title, state, note }) => (
          <li key={title} class={`step is-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
            <span class="step-mark" aria-hidden="true" />
            <span class="step-title">
              {title} <span class="unseen">({STATE_WORDS[state]})</span>
            </span>
            <span class="step-note">{note}</span>
          </li>
        ))}
      </ol>
      <div role="status">
        {waiting.map(({ sentence }) => (
          <p key={sentence} class="waiting">
            {sentence.charAt(0).toUpperCase() + sentence.slice(1)}.
          </p>
        ))}
        {own !== '' && <p class="muted">{own}</p>}
      </div>
      {inputParties.length > 0 && (
        <details>
          <summary>What each of {counted(inputParties.length, 'party', 'parties')} has done</summary>
          <DoneList inputParties={inputParties} />
        </details>
      )}
    </section>
  );
}

type InputParties = TakingPart['collaboration']['inputParties'];

/** `isOver`: as it was when it ended. */
export function DoneList({
  inputParties,
  isOver = false,
}: {
  readonly inputParties: InputParties;
  readonly isOver?: boolean;
}) {
  const [sent, approved, nothing] = isOver
    ? ['sent masked rows', 'approved, and sent no rows', 'did not approve']
    : ['has sent masked rows', 'has approved', 'has not approved yet'];
  return (
    <ul class="done-list">
      {inputParties.map((one) => (
        <li key={one.party}>
          <strong>{one.party}</strong>
          <span>{one.uploaded !== null ? sent : one.approved ? approved : nothing}</span>
        </li>
      ))}
    </ul>
  );
}
