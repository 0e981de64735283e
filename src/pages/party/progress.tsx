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

export function DoneList({ inputParties }: { readonly inputParties: InputParties }) {
  return (
    <ul class="done-list">
      {inputParties.map(({ party, approved, uploaded }) => (
        <li key={party}>
          <strong>{party}</strong>
          <span>
            {uploaded !== null ? 'has sent masked rows' : approved ? 'has approved' : 'has not approved yet'}
          </span>
        </li>
      ))}
    </ul>
  );
}
