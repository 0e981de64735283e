/**
 * Owns the page around a collaboration: who one is here, whether the client is heard, the list of all collaborations, and which is open.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Detail } from './detail.tsx';
import { addressOf, ElectionDetail, ElectionList, useElections } from './elections.tsx';
import type { Known } from './known.ts';
import { accountIn, MESSAGES, MessageList, MessagesPage, Unread, WithPage } from './messages.tsx';
import type { Election, Post, Service, TakingPart } from './service.ts';
import { counted, listed, type Stage, stageOf, titleOf, when } from './words.ts';

interface FrameProps {
  readonly service: Service;
  readonly known: Known;
  readonly lost: string | undefined;
}

export function Frame({ service, known, lost }: FrameProps) {
  const [open, setOpen] = useState(idInAddress());
  useEffect(() => {
    const hear = (): void => setOpen(idInAddress());
    window.addEventListener('hashchange', hear);
    return () => window.removeEventListener('hashchange', hear);
  }, []);
  const { taking, party, deployment, post } = known;
  const elections = useElections(service);
  const election = elections.find((one) => addressOf(one) === open);
  const chosen = taking.find(({ collaboration }) => collaboration.id === open);
  const account = accountIn(open);
  const messages =
    open === MESSAGES ? 'Messages' : account === undefined ? undefined : `Messages with ${account}`;
  const title = chosen === undefined ? (election?.title ?? messages) : titleOf(chosen);
  const unread = post?.conversations.reduce((sum, conversation) => sum + conversation.unread, 0) ?? 0;
  useEffect(() => {
    const plain = title === undefined ? `${party} · mpc` : `${title} · ${party}`;
    document.title = unread === 0 ? plain : `(${unread}) ${plain}`;
  }, [title, unread, party]);
  return (
    <>
      <header class="top">
        <a class="brand" href="#all">
          <img src="icon.svg" alt="" width="28" height="28" />
          <span class="brand-party">{party}</span>
          <span class="brand-deployment">in {deployment}</span>
        </a>
        <p class={lost === undefined ? 'link-state is-live' : 'link-state is-lost'} role="status">
          {lost === undefined ? 'Connected to your client' : `No connection: ${lost}. Trying again.`}
        </p>
        <p class="unseen" role="status">
          {unread === 0 ? '' : counted(unread, 'new message')}
        </p>
      </header>
      <div class={title === undefined ? 'columns' : 'columns has-open'}>
        <List taking={taking} elections={elections} post={post} open={open} />
        <main class="detail">
          {election !== undefined ? (
            <ElectionDetail key={election.id} service={service} election={election} />
          ) : chosen !== undefined ? (
            <Detail key={chosen.collaboration.id} service={service} taking={chosen} post={post} />
          ) : post !== undefined && account !== undefined ? (
            <WithPage key={account} service={service} post={post} account={account} />
          ) : post !== undefined && messages !== undefined ? (
            <MessagesPage service={service} post={post} taking={taking} />
          ) : (
            <Welcome party={party} count={taking.length} />
          )}
        </main>
      </div>
    </>
  );
}

const idInAddress = (): string => window.location.hash.slice(1);

const GROUPS: readonly { readonly title: string; readonly stages: readonly Stage[] }[] = [
  { title: 'Waiting for you', stages: ['asked'] },
  { title: 'Under way', stages: ['underway'] },
  { title: 'Results', stages: ['result'] },
  { title: 'Ended', stages: ['finished', 'ended'] },
];

function List({
  taking,
  elections,
  post,
  open,
}: {
  readonly taking: readonly TakingPart[];
  readonly elections: readonly Election[];
  readonly post: Post | undefined;
  readonly open: string;
}) {
  return (
    <nav class="list" aria-label="Collaborations, elections and messages">
      {GROUPS.map(({ title, stages }) => {
        const inGroup = taking.filter((one) => stages.includes(stageOf(one)));
        if (inGroup.length === 0) return null;
        return (
          <section key={title} aria-label={title}>
            <h2 class="list-title">{title}</h2>
            <ul>
              {inGroup.map((one) => (
                <Entry
                  key={one.collaboration.id}
                  taking={one}
                  post={post}
                  isOpen={one.collaboration.id === open}
                />
              ))}
            </ul>
          </section>
        );
      })}
      <ElectionList elections={elections} open={open} />
      {taking.length === 0 && elections.length === 0 && (
        <p class="muted">Nothing yet. What your party is asked for appears here by itself.</p>
      )}
      <MessageList post={post} open={open} />
    </nav>
  );
}

interface EntryProps {
  readonly taking: TakingPart;
  readonly post: Post | undefined;
  readonly isOpen: boolean;
}

function Entry({ taking, post, isOpen }: EntryProps) {
  const { id, creator, inputs, createdAt } = taking.collaboration;
  return (
    <li>
      <a class="entry" href={`#${id}`} aria-current={isOpen ? 'page' : undefined}>
        <span class="entry-title">{titleOf(taking)}</span>
        <Unread post={post} name={`#${id}`} />
        <span class="entry-who">
          asked by {creator}, with rows of {inputs.length > 3 ? `${inputs.length} parties` : listed(inputs)}
        </span>
        <span class="entry-when">{when(createdAt)}</span>
      </a>
    </li>
  );
}

function Welcome({ party, count }: { readonly party: string; readonly count: number }) {
  return (
    <div class="welcome">
      <h1>Good day, {party}</h1>
      <p>
        {count === 0
          ? 'When somebody asks a question that needs your rows, or that you learn the answer to, it appears here.'
          : 'Choose a collaboration to see what is asked, who learns what, and how far it is.'}
      </p>
      <p class="muted">
        This page comes from your own client. Your rows are checked and masked on its machine; nothing leaves
        it before you approve, and then masked only.
      </p>
    </div>
  );
}

/** A page with nothing but a message on it. */
export function Message({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <main class="message">
      <img src="icon.svg" alt="" width="44" height="44" />
      <h1>{title}</h1>
      {children}
    </main>
  );
}
