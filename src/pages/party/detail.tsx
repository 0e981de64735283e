/**
 * Owns one collaboration on the page: what is decided, done or learned there comes first, what was agreed stays at hand.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Agreement, Disclosure } from './agreement.tsx';
import { Chip } from './frame.tsx';
import { Progress } from './progress.tsx';
import { ResultCard } from './result.tsx';
import { RowsCard } from './rows.tsx';
import type { Invitation, Service, TakingPart } from './service.ts';
import { stageOf, titleOf, when } from './words.ts';

interface DetailProps {
  readonly service: Service;
  readonly taking: TakingPart;
}

/** The reader's own rows as they were looked at in this tab: for a chart beside the result, nowhere else. */
export interface OwnRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function Detail({ service, taking }: DetailProps) {
  const { collaboration } = taking;
  const [invitation, setInvitation] = useState<Invitation>();
  const [fault, setFault] = useState<string>();
  const [ownRows, setOwnRows] = useState<readonly OwnRows[]>([]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    service.invitation(collaboration.id).then(setInvitation, (error: unknown) => setFault(String(error)));
  }, [service, collaboration.id]);
  const stage = stageOf(taking);
  return (
    <article>
      <a class="back" href="#all">
        All collaborations
      </a>
      <header class="detail-head">
        <h1 ref={heading} tabIndex={-1}>
          {titleOf(taking)}
        </h1>
        <Chip stage={stage} />
        <p class="muted">
          Asked by {collaboration.creator} on {when(collaboration.createdAt)}
        </p>
      </header>
      {stage === 'ended' && <Ended taking={taking} />}
      {stage === 'result' && (
        <ResultCard service={service} taking={taking} invitation={invitation} ownRows={ownRows} />
      )}
      {(stage === 'underway' || stage === 'finished') && <Progress taking={taking} />}
      {fault !== undefined && (
        <p role="alert" class="fault">
          What is asked cannot be shown: {fault}
        </p>
      )}
      {invitation !== undefined && (
        <>
          <Disclosure invitation={invitation} />
          <Agreement invitation={invitation} isOpen={stage === 'asked'} />
          {stage === 'asked' && (
            <RowsCard service={service} taking={taking} invitation={invitation} onSent={setOwnRows} />
          )}
        </>
      )}
      {stage === 'asked' && <Progress taking={taking} />}
      {stage === 'result' && <Progress taking={taking} />}
    </article>
  );
}

function Ended({ taking }: Pick<DetailProps, 'taking'>) {
  const { status, reason } = taking.collaboration;
  const { part } = taking.part;
  const words: Readonly<Record<string, string>> = {
    failed: 'It could not be completed',
    expired: 'Its time has passed',
    cancelled: 'It was taken back by its creator',
  };
  return (
    <section class="card is-bad">
      <h2>
        {words[status] ?? (part === 'leftOut' ? 'The others started without you' : 'Your part has ended')}
      </h2>
      {reason !== undefined && <p>{reason.message}</p>}
      {reason?.hint !== undefined && <p class="muted">{reason.hint}</p>}
      <p class="muted">What masked your rows is destroyed.</p>
    </section>
  );
}
