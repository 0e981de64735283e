/**
 * Owns one collaboration on the page: what is decided, done or learned there comes first, what was agreed stays at hand.
 */
import { useEffect, useState } from 'preact/hooks';
import { Agreement, Disclosure } from './agreement.tsx';
import type { OwnRows } from './chart-choice.ts';
import { ConversationCard, NewBelow } from './conversation.tsx';
import { Ended } from './ended.tsx';
import { Head } from './head.tsx';
import { Progress } from './progress.tsx';
import { ResultCard } from './result.tsx';
import { RowsCard } from './rows.tsx';
import type { Invitation, Post, Service, TakingPart } from './service.ts';
import { WithdrawCard } from './withdraw.tsx';
import { othersIn, STAGE_WORDS, stageOf, titleOf, when } from './words.ts';

interface DetailProps {
  readonly service: Service;
  readonly taking: TakingPart;
  readonly post: Post | undefined;
}

export function Detail({ service, taking, post }: DetailProps) {
  const { collaboration, part } = taking;
  const [invitation, setInvitation] = useState<Invitation>();
  const [fault, setFault] = useState<string>();
  const [ownRows, setOwnRows] = useState<readonly OwnRows[]>([]);
  useEffect(() => {
    service.invitation(collaboration.id).then(setInvitation, (error: unknown) => setFault(String(error)));
  }, [service, collaboration.id]);
  const stage = stageOf(taking);
  const others = othersIn(taking);
  return (
    <article>
      <Head title={titleOf(taking)} chip={{ words: STAGE_WORDS[stage], look: `is-${stage}` }}>
        Asked by {collaboration.creator} on {when(collaboration.createdAt)}
      </Head>
      {post !== undefined && <NewBelow post={post} name={`#${collaboration.id}`} />}
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
      {part.canWithdraw && <WithdrawCard service={service} taking={taking} />}
      {/* Below what takes a moment to come: it must not seem to have been seen before that. */}
      {(invitation !== undefined || fault !== undefined) && post !== undefined && others.length > 0 && (
        <ConversationCard service={service} post={post} name={`#${collaboration.id}`} others={others} />
      )}
    </article>
  );
}
