/**
 * Owns one conversation: what was said, what is wrong with it, and what stands in the way of writing.
 * Must never show a text as anything but text, nor count as read what was not on the screen.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { Fingerprints, Obstacles, useKeys } from './keys.tsx';
import { PostState } from './post-state.tsx';
import type { Post, Reading, Said, Service } from './service.ts';
import { counted, listed, when } from './words.ts';

interface ConversationProps {
  readonly service: Service;
  readonly post: Post;
  /** The other account; or `#` and a collaboration's id. */
  readonly name: string;
  /** Who else is in it. */
  readonly others: readonly string[];
}

/** What is half written stays while the coordinators are away, or the client starts again. */
const WRITABLE: readonly Post['state'][] = ['here', 'away', 'starting'];

/** There is one conversation on a page. */
const TITLE = 'messages-title';

/** At the top of a long page: what is new below, and the way there. */
export function NewBelow({ post, name }: Pick<ConversationProps, 'post' | 'name'>) {
  const unread = post.conversations.find((conversation) => conversation.with === name)?.unread ?? 0;
  if (unread === 0) return null;
  return (
    <p class="new-below">
      <span class="unread">{counted(unread, 'new message')}</span>
      <button type="button" onClick={() => document.getElementById(TITLE)?.focus()}>
        {unread === 1 ? 'Read it' : 'Read them'}
      </button>
    </p>
  );
}

export function ConversationCard(props: ConversationProps) {
  const { service, post, name, others } = props;
  const reading = useReading(props);
  const card = useRef<HTMLElement>(null);
  useMarkedRead(props, reading, card);
  // What was refused may have been so because of a key.
  const [refusals, setRefusals] = useState(0);
  const [trusted, setTrusted] = useState(0);
  const unproven = reading?.said.filter(({ fault }) => fault === 'account.key-changed').length ?? 0;
  const keys = useKeys(service, post, others, refusals + unproven);
  const said = reading?.said ?? [];
  return (
    <section class="card" ref={card} aria-labelledby={TITLE}>
      <h2 id={TITLE} tabIndex={-1}>
        Messages with {listed(others)}
      </h2>
      {said.length === 0 ? (
        post.state === 'here' && (
          <p class="muted">
            Nothing has been said here. What you write is sealed: only {listed(others)} can read it.
          </p>
        )
      ) : (
        <Log
          label={`Messages with ${listed(others)}`}
          said={said}
          post={post}
          hasEarlier={reading?.hasEarlier === true}
        />
      )}
      {post.state !== 'here' && <PostState service={service} post={post} isHeadless />}
      {WRITABLE.includes(post.state) && (
        <>
          <Obstacles service={service} keys={keys} onTrusted={() => setTrusted(trusted + 1)} />
          <Composer
            key={name}
            service={service}
            name={name}
            others={others}
            isHere={post.state === 'here'}
            hasChangedKey={keys.changed.length > 0}
            trusted={trusted}
            onRefused={() => setRefusals(refusals + 1)}
          />
          <Fingerprints post={post} keys={keys} />
        </>
      )}
    </section>
  );
}

/** How soon a client that has not answered is asked again. */
const AGAIN_MS = 1_000;

/** Read anew whenever something was said. */
function useReading({ service, post, name }: ConversationProps): Reading | undefined {
  const [reading, setReading] = useState<Reading>();
  const newest = post.conversations.find((conversation) => conversation.with === name)?.last.number;
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (newest === undefined) return;
    let timer: number | undefined;
    let isOver = false;
    service.read(name).then(
      (found) => !isOver && setReading(found),
      () => {
        if (!isOver) timer = window.setTimeout(() => setTries(tries + 1), AGAIN_MS);
      },
    );
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [service, name, newest, tries]);
  return reading;
}

/** What has been on the screen has been read. */
function useMarkedRead(
  { service, post, name }: ConversationProps,
  reading: Reading | undefined,
  card: { readonly current: HTMLElement | null },
): void {
  const unread = post.conversations.find((conversation) => conversation.with === name)?.unread ?? 0;
  const last = reading?.said.at(-1)?.number;
  useEffect(() => {
    const log = card.current?.querySelector('.talk');
    if (!log || last === undefined || unread === 0) return;
    const watching = new IntersectionObserver(
      (seen) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        watching.disconnect();
        service.markRead(name, last).catch(() => {}); // it stays marked as new
      },
      { threshold: 0.5 },
    );
    watching.observe(log);
    return () => watching.disconnect();
  }, [service, name, last, unread]);
}

interface LogProps {
  readonly label: string;
  readonly said: readonly Said[];
  readonly post: Post;
  readonly hasEarlier: boolean;
}

function Log({ label, said, post, hasEarlier }: LogProps) {
  const log = useRef<HTMLElement>(null);
  const newest = said.at(-1)?.number;
  useEffect(() => {
    if (log.current !== null) log.current.scrollTop = log.current.scrollHeight;
  }, [newest]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be reachable by keyboard (WCAG 2.1.1)
    <section class="scrolling talk" role="log" aria-label={label} ref={log} tabIndex={0}>
      {hasEarlier && <p class="muted">What was said before is in the file of your client.</p>}
      <ol>
        {said.map((one) => (
          <li key={one.number} class={`said is-${one.direction}`}>
            {one.direction !== 'notice' && (
              <p class="said-who">
                <strong>{one.from === post.account ? 'You' : one.from}</strong>{' '}
                <time dateTime={one.at}>{when(one.at)}</time>
              </p>
            )}
            {one.text !== '' && <p class="said-text">{one.text}</p>}
            {warningOf(one) !== undefined && <p class="said-warning">{warningOf(one)}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

const FAULTS: Readonly<Record<string, string>> = {
  'message.no-key': 'It is sealed to a key that is not here: open it where that key is kept.',
  'message.version': 'A newer mpc wrote it: install one to read it.',
  'account.unknown':
    'Its sender has no account any more, so that nobody can say whose it is: it is not shown.',
};

/** What has to be said beside it; undefined where nothing is wrong. */
function warningOf({ from, fault, claims }: Said): string | undefined {
  if (fault === 'account.key-changed')
    return `Not proven to be from ${from}: the key had changed, and nobody had compared the new one.`;
  if (fault !== undefined)
    return (
      FAULTS[fault] ?? `A message said to be from ${from} cannot be shown. Ask ${from} to send it again.`
    );
  if (claims !== undefined) return `It names the collaboration ${claims}, in which ${from} takes no part.`;
  return undefined;
}
