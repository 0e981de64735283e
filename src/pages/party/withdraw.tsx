/**
 * Owns taking one's part back before the start: what that means, said before it is done.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { RefusalText, refusalOf } from './refusal.tsx';
import type { Refusal, Service, TakingPart } from './service.ts';
import { counted, listed } from './words.ts';

interface WithdrawProps {
  readonly service: Service;
  readonly taking: TakingPart;
}

export function WithdrawCard({ service, taking }: WithdrawProps) {
  const { part } = taking;
  const [isAsked, setAsked] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Refusal>();
  const question = useRef<HTMLHeadingElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isAsked) question.current?.focus();
  }, [isAsked]);
  const keep = (): void => {
    setAsked(false);
    setFault(undefined);
    requestAnimationFrame(() => opener.current?.focus());
  };
  const withdraw = async (): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    await service.withdraw(part.collaboration).then(
      () => setAsked(false),
      (error: unknown) => setFault(refusalOf(error)),
    );
    setBusy(false);
  };
  if (!isAsked)
    return (
      <p class="withdraw">
        <button type="button" ref={opener} onClick={() => setAsked(true)}>
          Take your part back…
        </button>
        <span class="muted">Possible until the servers begin.</span>
      </p>
    );
  return (
    <section class="card is-bad" aria-labelledby="withdraw">
      <h2 id="withdraw" ref={question} tabIndex={-1}>
        Take your part back?
      </h2>
      <ul class="statements">
        {meaningOf(taking).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <p class="choices">
        <button type="button" class="danger" disabled={isBusy} onClick={() => void withdraw()}>
          {isBusy ? 'Taking it back…' : 'Yes, take it back'}
        </button>
        <button type="button" disabled={isBusy} onClick={keep}>
          No, keep it
        </button>
      </p>
      {fault !== undefined && <RefusalText refusal={fault} />}
    </section>
  );
}

function meaningOf({ collaboration, part }: TakingPart): string[] {
  const { inputParties, minimum, creator } = collaboration;
  const own = inputParties.find(({ party }) => party === part.party);
  const others = inputParties.filter(({ party }) => party !== part.party).map(({ party }) => party);
  if (own?.approved === false)
    return [
      'Your approval is forgotten here. Nobody else has heard of it yet.',
      'You may approve again whenever you like, until the collaboration starts or ends.',
    ];
  const isEnough = minimum !== null && others.length >= minimum.parties;
  return [
    'Your approval no longer counts, and both servers destroy your masked rows.',
    isEnough
      ? `The others may go on without you: ${counted(minimum.parties, 'party is', 'parties are')} enough.`
      : `It ends without a result for everyone${others.length === 0 ? '' : `, also for ${listed(others)}`}: your rows are needed.`,
    `Everyone who takes part sees that you did. You come back only if ${creator === part.party ? 'you have' : `${creator} has`} it tried again from the beginning.`,
  ];
}
