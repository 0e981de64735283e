/**
 * Owns casting a ballot on the page: options, the voter's credential, and the receipt.
 * Must never keep credential or choice once the ballot is cast, nor send them anywhere but to the party's own client.
 */
import { useState } from 'preact/hooks';
import { DropZone } from './file.tsx';
import type { Cast, Choice, Election, Service } from './service.ts';

interface VoteProps {
  readonly service: Service;
  readonly election: Election;
}

export function VoteCard({ service, election }: VoteProps) {
  const { id, kind, most, max, options } = election;
  /** Points, or 1 for a mark. */
  const [marks, setMarks] = useState<readonly number[]>(options.map(() => 0));
  const [credential, setCredential] = useState<{ readonly name: string; readonly text: string }>();
  const [cast, setCast] = useState<Cast>();
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const isSingle = kind === 'yesNo' || kind === 'oneOf';
  const marked = marks.filter((mark) => mark > 0).length;
  const isChosen = isSingle ? marked === 1 : marked <= (most ?? options.length);
  const mark = (at: number, value: number): void =>
    setMarks(marks.map((before, other) => (other === at ? value : isSingle ? 0 : before)));
  const take = async (file: File): Promise<void> => {
    setFault(undefined);
    const text = lineFor(id, await file.text());
    setCredential(text === undefined ? undefined : { name: file.name, text });
    if (text === undefined) setFault(`${file.name} holds no credential for this election.`);
  };
  const send = async (): Promise<void> => {
    if (credential === undefined) return;
    setBusy(true);
    setFault(undefined);
    setCast(undefined);
    try {
      setCast(await service.vote(id, credential.text, choiceOf(election, marks)));
      setCredential(undefined);
      setMarks(options.map(() => 0));
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card is-yours" aria-labelledby="vote">
      <h2 id="vote">Cast a ballot</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <fieldset class="options">
          <legend>
            {isSingle
              ? 'Choose one'
              : kind === 'approval'
                ? `Mark up to ${most}`
                : `Give each 0 to ${max} points`}
          </legend>
          {options.map((label, at) =>
            kind === 'score' ? (
              <label key={label} class="check">
                <input
                  type="number"
                  min={0}
                  max={max}
                  step={1}
                  required
                  value={marks[at]}
                  onInput={({ currentTarget }) => mark(at, Number(currentTarget.value))}
                />
                {label}
              </label>
            ) : (
              <label key={label} class="check">
                <input
                  type={isSingle ? 'radio' : 'checkbox'}
                  name="option"
                  checked={marks[at] === 1}
                  onChange={({ currentTarget }) => mark(at, currentTarget.checked ? 1 : 0)}
                />
                {label}
              </label>
            ),
          )}
        </fieldset>
        <DropZone
          label={credential === undefined ? 'Choose your credential' : credential.name}
          accept=".json,.ndjson,application/json"
          onFile={(file) => void take(file)}
        >
          The file that the registrar gave you. It goes to your own client only.
        </DropZone>
        <p class="muted">
          Your ballot is split and sealed by your client: no server, nor any two of three, can read it. If you
          vote again, the later ballot counts.
        </p>
        <button class="primary" type="submit" disabled={!isChosen || credential === undefined || isBusy}>
          {isBusy ? 'Casting…' : 'Cast the ballot'}
        </button>
      </form>
      {fault !== undefined && (
        <p role="alert" class="fault">
          {fault}
        </p>
      )}
      {cast !== undefined && <Receipt cast={cast} />}
    </section>
  );
}

function Receipt({ cast: { tracker, servers } }: { readonly cast: Cast }) {
  const holders = servers.filter(({ holds }) => holds).length;
  return (
    <div role="status">
      <h3>{holders > 0 ? 'Your ballot is cast' : 'No server took the ballot'}</h3>
      {holders > 0 && (
        <p>
          Keep its tracker, by which you find it again: <code class="tracker">{tracker}</code>
        </p>
      )}
      <ul class="statements">
        {servers.map(({ server, holds, problem }) => (
          <li key={server}>
            {server} {holds ? 'signed that it holds it' : `does not hold it yet: ${problem ?? 'no answer'}`}
          </li>
        ))}
      </ul>
    </div>
  );
}

function choiceOf({ kind }: Election, marks: readonly number[]): Choice {
  const first = marks.indexOf(1);
  if (kind === 'yesNo') return first === 1;
  if (kind === 'oneOf') return first;
  return kind === 'approval' ? marks.map((mark) => mark > 0) : [...marks];
}

/** The line of a credential file that is for that election. */
function lineFor(id: string, text: string): string | undefined {
  return text.split('\n').find((line) => {
    try {
      return JSON.parse(line).election === id;
    } catch {
      return false;
    }
  });
}
