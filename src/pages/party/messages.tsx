/**
 * Owns the party's messages as a whole: which conversations there are, in the list and on a page of their own, and beginning another.
 */
import { useState } from 'preact/hooks';
import { ConversationCard } from './conversation.tsx';
import { Head } from './head.tsx';
import { PostState } from './post-state.tsx';
import type { Post, Service, TakingPart } from './service.ts';
import { counted, titleOf, when } from './words.ts';

/** Addresses on this page: `#messages`, `#with-beta`; a collaboration's own are at the collaboration. */
export const MESSAGES = 'messages';
const WITH = 'with-';

/** The account of an address `with-…`; undefined for any other. */
export const accountIn = (address: string): string | undefined =>
  address.startsWith(WITH) ? address.slice(WITH.length) : undefined;

const addressOf = (name: string): string => (name.startsWith('#') ? name : `#${WITH}${name}`);

type Conversation = Post['conversations'][number];

/** What is new in a conversation: beside its name, wherever that stands. */
export function Unread({ post, name }: { readonly post: Post | undefined; readonly name: string }) {
  const unread = post?.conversations.find((conversation) => conversation.with === name)?.unread ?? 0;
  return unread === 0 ? null : <span class="unread">{counted(unread, 'new message')}</span>;
}

/** Conversations beside which there is no collaboration. The list shows the newest; the page has all. */
const LISTED = 5;

export function MessageList({ post, open }: { readonly post: Post | undefined; readonly open: string }) {
  const alone = post?.conversations.filter(({ with: name }) => !name.startsWith('#')) ?? [];
  return (
    <section aria-label="Messages">
      <h2 class="list-title">Messages</h2>
      <ul>
        <li>
          <a class="entry" href={`#${MESSAGES}`} aria-current={open === MESSAGES ? 'page' : undefined}>
            <span class="entry-title">All messages</span>
            <span class="entry-who">{post === undefined ? 'One moment' : STATES[post.state]}</span>
          </a>
        </li>
        {alone.slice(0, LISTED).map(({ with: name, last }) => (
          <li key={name}>
            <a
              class="entry"
              href={addressOf(name)}
              aria-current={accountIn(open) === name ? 'page' : undefined}
            >
              <span class="entry-title">{name}</span>
              <Unread post={post} name={name} />
              <span class="entry-when">{when(last.at)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

const STATES: Readonly<Record<Post['state'], string>> = {
  starting: 'One moment',
  none: 'Talk with the other parties',
  here: 'You are signed in',
  away: 'The coordinators are away',
  refused: 'Your account does not open',
};

interface MessagesProps {
  readonly service: Service;
  readonly post: Post;
  readonly taking: readonly TakingPart[];
}

export function MessagesPage({ service, post, taking }: MessagesProps) {
  const { state, conversations, missed } = post;
  const nameOf = (name: string): string => {
    const about = taking.find(({ collaboration }) => `#${collaboration.id}` === name);
    return about === undefined ? name : titleOf(about);
  };
  return (
    <article>
      <Head title="Messages">Sealed from your client to theirs: nobody on the way can read them.</Head>
      {state !== 'here' && (
        <section class="card is-yours">
          <PostState service={service} post={post} />
        </section>
      )}
      {missed > 0 && (
        <p class="muted">
          {counted(missed, 'message was', 'messages were')} shown at another place where {post.account} is
          signed in.
        </p>
      )}
      {state === 'here' && <Begin post={post} />}
      {conversations.length > 0 && (
        <section class="card" aria-labelledby="conversations">
          <h2 id="conversations">Conversations</h2>
          <ul class="conversations">
            {conversations.map((conversation) => (
              <Line
                key={conversation.with}
                post={post}
                conversation={conversation}
                name={nameOf(conversation.with)}
              />
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}

/** Characters of the newest word. */
const PREVIEW = 90;

interface LineProps {
  readonly post: Post;
  readonly conversation: Conversation;
  readonly name: string;
}

function Line({ post, conversation: { with: address, last }, name }: LineProps) {
  const { text, from, at, direction } = last;
  const who =
    direction === 'out' ? 'You: ' : direction === 'in' && address.startsWith('#') ? `${from}: ` : '';
  const short = text.length > PREVIEW ? `${text.slice(0, PREVIEW)}…` : text;
  return (
    <li>
      <a href={addressOf(address)}>{name}</a> <Unread post={post} name={address} />
      <span class="hint">
        {who}
        {short === '' ? 'a message that cannot be shown' : short}
      </span>
      <span class="entry-when">{when(at)}</span>
    </li>
  );
}

function Begin({ post }: { readonly post: Post }) {
  const { parties, conversations } = post;
  const [name, setName] = useState('');
  const begun = conversations.map((conversation) => conversation.with);
  const others = parties.filter((party) => !begun.includes(party)).slice(0, 24);
  return (
    <section class="card" aria-labelledby="begin">
      <h2 id="begin">Write to somebody</h2>
      {others.length > 0 && (
        <>
          <p>The other parties of this deployment:</p>
          <ul class="names">
            {others.map((party) => (
              <li key={party}>
                <a href={addressOf(party)}>{party}</a>
              </li>
            ))}
          </ul>
        </>
      )}
      <form
        class="find"
        onSubmit={(event) => {
          event.preventDefault();
          window.location.hash = addressOf(name.trim());
        }}
      >
        <label>
          {others.length > 0 ? 'Or another account, by its name' : 'An account, by its name'}{' '}
          <input
            value={name}
            required
            pattern="\s*[a-z0-9._\-]{1,64}\s*"
            autoComplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
    </section>
  );
}

interface WithProps {
  readonly service: Service;
  readonly post: Post;
  readonly account: string;
}

export function WithPage({ service, post, account }: WithProps) {
  return (
    <article>
      <Head title={account}>
        {post.parties.includes(account) ? 'A party of this deployment' : 'An account'}
      </Head>
      <ConversationCard service={service} post={post} name={account} others={[account]} />
    </article>
  );
}
