/**
 * Owns writing to others: a line of text, sent by a key or a button.
 * Must never lose what somebody has written because it could not be sent.
 */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { RefusalText, refusalOf } from './refusal.tsx';
import type { Refusal, Service } from './service.ts';
import { counted, listed } from './words.ts';

/** Bytes of a text, as the coordinators count them. */
const MOST_BYTES = 4096;
const NEAR_BYTES = 3600;

interface ComposerProps {
  readonly service: Service;
  /** An account; or `#` and a collaboration's id. */
  readonly name: string;
  /** Who gets it. */
  readonly others: readonly string[];
  /** Somebody takes it now. */
  readonly isHere: boolean;
  readonly hasChangedKey: boolean;
  /** How often a key has been trusted here: what it was refused for is no obstacle any more. */
  readonly trusted: number;
  readonly onRefused: () => void;
}

export function Composer({
  service,
  name,
  others,
  isHere,
  hasChangedKey,
  trusted,
  onRefused,
}: ComposerProps) {
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [done, setDone] = useState('');
  const [fault, setFault] = useState<Refusal>();
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const bytes = new TextEncoder().encode(text).length;
  useEffect(() => setFault(undefined), [trusted]);
  const send = async (): Promise<void> => {
    if (text.trim() === '' || isBusy || !isHere) return;
    setBusy(true);
    setFault(undefined);
    setDone('');
    await service.say(name, text.trim()).then(
      ({ to }) => {
        // What has been typed meanwhile stays.
        setText((now) => (now === text ? '' : now));
        setDone(`Kept for ${listed(to)} until they have it.`);
      },
      (error: unknown) => {
        setFault(refusalOf(error));
        onRefused();
      },
    );
    setBusy(false);
  };
  return (
    <form
      ref={form}
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label for={id}>Write to {listed(others)}</label>
      <textarea
        id={id}
        rows={2}
        value={text}
        autoComplete="off"
        onInput={({ currentTarget }) => setText(currentTarget.value.replace(/[\r\n\t]+/g, ' '))}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.isComposing) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      />
      <p class="composer-foot">
        <button
          type="submit"
          class="primary"
          disabled={!isHere || text.trim() === '' || bytes > MOST_BYTES || isBusy}
        >
          {isBusy ? 'Sending…' : 'Send'}
        </button>
        <span role="status" class="muted">
          {bytes > MOST_BYTES
            ? `${counted(bytes - MOST_BYTES, 'byte')} too long: send it in parts.`
            : bytes > NEAR_BYTES
              ? `${counted(MOST_BYTES - bytes, 'byte')} left.`
              : done}
        </span>
      </p>
      {fault?.code === 'account.key-changed' && hasChangedKey ? (
        <p role="alert" class="fault">
          It was not sent: a key has changed. Compare it first.
        </p>
      ) : (
        fault !== undefined && <RefusalText refusal={fault} />
      )}
    </form>
  );
}
