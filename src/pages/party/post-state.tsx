/**
 * Owns how the party's account stands, in plain words, where it is not signed in: why, and what to do.
 */
import { useEffect, useState } from 'preact/hooks';
import { RefusalText, refusalOf } from './refusal.tsx';
import type { Post, Refusal, Service } from './service.ts';

interface PostStateProps {
  readonly service: Service;
  readonly post: Post;
  /** Below a heading of its own already. */
  readonly isHeadless?: boolean;
}

/** How often a page that is open has it looked at: an account may be made elsewhere. */
const AGAIN_MS = 3_000;

export function PostState({ service, post, isHeadless = false }: PostStateProps) {
  const { state, account } = post;
  useEffect(() => {
    if (state === 'here') return;
    // What comes of it is told as everything is.
    const look = (): void => void service.post().catch(() => {});
    look();
    const timer = window.setInterval(look, AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [service, state]);
  const words = wordsOf(post);
  return (
    <div class="post-state">
      {!isHeadless && <h2>{words.title}</h2>}
      <div role="status">
        {words.sentences.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      {words.registers && (
        <Register
          key={state}
          service={service}
          label={state === 'none' ? `Register ${account}` : `Take the name ${account} back`}
        />
      )}
    </div>
  );
}

interface Words {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly registers: boolean;
}

function wordsOf({ state, account, why }: Post): Words {
  const because = why === null ? '' : ` (${why.message})`;
  switch (state) {
    case 'none':
      return {
        title: 'Begin to talk',
        sentences: [
          'Here you talk with the other parties, before and while you compute together. What you write is sealed at home: the coordinators carry it and cannot read it.',
          `For that ${account} needs an account. Your client makes it with the key that it has: there is no password, and nothing to remember.`,
        ],
        registers: true,
      };
    case 'refused':
      return {
        title: 'The account does not open',
        sentences: [
          `The account of ${account} does not open with the key of this client${because}.`,
          why?.code === 'account.bad-proof'
            ? 'It has got another key elsewhere, and is used there. If somebody else took the name, the key of this client can take it back.'
            : `What to do: ${why?.hint ?? 'see the log of this client'}.`,
          'Everything else on this page works.',
        ],
        registers: why?.code === 'account.bad-proof',
      };
    case 'away':
      return {
        title: 'The coordinators are away',
        sentences: [
          `Nobody carries messages now${because}. They are asked again by themselves; what was said so far is here, and everything else on this page works.`,
        ],
        registers: false,
      };
    default:
      return {
        title: 'One moment',
        sentences: [`The coordinators are asked for the account of ${account}.`],
        registers: false,
      };
  }
}

function Register({ service, label }: { readonly service: Service; readonly label: string }) {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Refusal>();
  const register = async (): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    // That it stands is told as everything is; until then this stays busy.
    await service.registerAccount().catch((error: unknown) => {
      setFault(refusalOf(error));
      setBusy(false);
    });
  };
  return (
    <>
      <button type="button" class="primary" disabled={isBusy} onClick={() => void register()}>
        {isBusy ? 'Registering…' : label}
      </button>
      {fault !== undefined && <RefusalText refusal={fault} />}
    </>
  );
}
