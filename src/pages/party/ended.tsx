/**
 * Owns the end of a collaboration without a result, in plain words: why, what became of the rows, and what to do next.
 */
import { DoneList } from './progress.tsx';
import type { TakingPart } from './service.ts';
import { listed, when } from './words.ts';

interface Ending {
  readonly title: string;
  readonly why: string;
  readonly next: string;
  /** A command that does it. */
  readonly command?: string;
}

export function Ended({ taking }: { readonly taking: TakingPart }) {
  const { title, why, next, command } = endingOf(taking);
  const { inputParties, status } = taking.collaboration;
  return (
    <section class="card is-bad" aria-labelledby="ended">
      <h2 id="ended">{title}</h2>
      <p>{why}</p>
      <h3>What to do next</h3>
      <p>{next}</p>
      {command !== undefined && (
        <p>
          <code class="breaks">{command}</code>
        </p>
      )}
      {status === 'expired' && (
        <>
          <h3>How far it came</h3>
          <DoneList inputParties={inputParties} isOver />
        </>
      )}
      {taking.part.part !== null && <p class="muted">What masked your rows is destroyed.</p>}
    </section>
  );
}

function endingOf({ collaboration, part }: TakingPart): Ending {
  const { id, status, creator, deadline, reason, inputs } = collaboration;
  const isOwn = creator === part.party;
  const said = sentence(reason?.message ?? 'nobody has said why');
  const askAgain = isOwn
    ? 'Ask the question again: with a new collaboration'
    : `Ask ${creator} to ask the question again`;
  const command = isOwn ? { command: `mpc collaboration rerun ${id}` } : {};
  const tryAgain = isOwn
    ? 'You may have it tried again, by the command below: everyone then approves and sends anew.'
    : `Ask ${creator}, who may have it tried again: everyone then approves and sends anew.`;
  if (status === 'cancelled')
    return {
      title: 'It was taken back by its creator',
      why: isOwn
        ? 'You took it back before it had started.'
        : `${creator} took it back before it had started.`,
      next: `${askAgain}, if it is still of interest.`,
    };
  if (status === 'expired')
    return {
      title: 'Its time has passed',
      why: `Not everything was there by ${when(deadline)}.`,
      next: `${askAgain}, with a later end.`,
    };
  if (status === 'failed')
    return {
      title: 'It could not be completed',
      why: part.withdrawn ? `You took your part back, and it needs the rows of ${listed(inputs)}.` : said,
      next: `${reason?.hint === undefined || isUsual(reason.code) ? '' : `${sentence(reason.hint)} `}${tryAgain}`,
      ...command,
    };
  if (part.part === 'leftOut')
    return {
      title: 'The others started without you',
      why: 'Your rows had not come when the time for them was over. Nothing of yours was computed on.',
      next: `Ask ${creator} for another attempt, if your rows should count.`,
    };
  if (part.part === 'refused')
    return {
      title: 'Your rows were not sent',
      why: 'They do not fit what was agreed: your client found that before anything left.',
      next: 'Mend the file and hand it in again.',
    };
  if (part.withdrawn)
    return {
      title: 'You have taken your part back',
      why: 'Your approval is gone, and both servers destroy your masked rows. The others may go on without you.',
      next: `If you want to take part after all, ask ${creator} for another attempt.`,
    };
  return { title: 'Your part has ended', why: said, next: tryAgain, ...command };
}

/** What to do about it is said by whoever may do it. */
const isUsual = (code: string): boolean => code === 'collaboration.too-few-parties';

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
