/**
 * Owns others' keys on the page: fingerprints to compare by voice, and the alarm when a key is another than before.
 * Must never trust one unless somebody says that its owner has read it out.
 */
import { useEffect, useId, useState } from 'preact/hooks';
import { RefusalText, refusalOf } from './refusal.tsx';
import type { LookedUp, Post, Refusal, Service } from './service.ts';
import { listed } from './words.ts';

interface KeysProps {
  readonly service: Service;
  readonly post: Post;
  readonly others: readonly string[];
}

/** Looked up for so many: a list of hundreds is compared by nobody. */
const MOST = 12;

export function KeyCard({ service, post, others }: KeysProps) {
  const [all, setAll] = useState<readonly LookedUp[]>([]);
  // A key that changed shows with the next thing that happens, or when one comes here.
  const occasion = post.conversations.map(({ last }) => last.number).join();
  const names = others.slice(0, MOST).join();
  useEffect(() => {
    let isOver = false;
    Promise.all(names.split(',').map((name) => service.lookUp(name))).then(
      (found) => !isOver && setAll(found),
      () => {}, // that nobody answers is said elsewhere
    );
    return () => {
      isOver = true;
    };
  }, [service, names, occasion]);
  const looked = all.filter(({ registered }) => registered);
  const without = all.filter(({ registered }) => !registered).map(({ account }) => account);
  const replace = (one: LookedUp): void =>
    setAll(all.map((before) => (before.account === one.account ? one : before)));
  const changed = looked.filter(({ fingerprint, known }) => known !== null && fingerprint !== known);
  return (
    <>
      {without.length > 0 && (
        <p class="muted">
          {listed(without)} {without.length === 1 ? 'has' : 'have'} no account yet. On{' '}
          {without.length === 1 ? 'its' : 'their'} own page that is one button; until then nothing can be sent
          here.
        </p>
      )}
      {changed.map((one) => (
        <Changed key={one.account} service={service} looked={one} onTrusted={replace} />
      ))}
      {looked.length > 0 && (
        <details class="digest">
          <summary>Keys, to be compared by voice</summary>
          <p class="muted">
            The coordinators tell who has which key. Only reading these out to each other rules out that they
            told you another.
          </p>
          <dl class="keys">
            <div>
              <dt>{post.account} (you)</dt>
              <dd>
                <code class="breaks">{post.fingerprint}</code>
              </dd>
            </div>
            {looked.map(({ account, fingerprint }) => (
              <div key={account}>
                <dt>{account}</dt>
                <dd>
                  <code class="breaks">{fingerprint ?? 'none'}</code>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

interface ChangedProps {
  readonly service: Service;
  readonly looked: LookedUp;
  readonly onTrusted: (looked: LookedUp) => void;
}

function Changed({ service, looked: { account, fingerprint, known }, onTrusted }: ChangedProps) {
  const [isCompared, setCompared] = useState(false);
  const [fault, setFault] = useState<Refusal>();
  const id = useId();
  const trust = async (): Promise<void> => {
    setFault(undefined);
    await service
      .trust(account, fingerprint ?? '')
      .then(onTrusted, (error: unknown) => setFault(refusalOf(error)));
  };
  return (
    <section class="alarm" aria-labelledby={id}>
      <div role="alert">
        <h3 id={id}>The key of {account} has changed</h3>
      </div>
      <p>
        Either {account} has set up a new key, or somebody writes in its place and reads along. Nothing you
        write is sent to it until you have compared: ask {account} by voice, not here.
      </p>
      <dl class="keys">
        <div>
          <dt>It was</dt>
          <dd>
            <code class="breaks">{known}</code>
          </dd>
        </div>
        <div>
          <dt>The coordinators now say</dt>
          <dd>
            <code class="breaks">{fingerprint ?? 'none'}</code>
          </dd>
        </div>
      </dl>
      {fingerprint !== null && (
        <>
          <label class="check">
            <input
              type="checkbox"
              checked={isCompared}
              onChange={({ currentTarget }) => setCompared(currentTarget.checked)}
            />
            <span>
              {account} has read <code>{fingerprint}</code> out to me
            </span>
          </label>
          <button type="button" disabled={!isCompared} onClick={() => void trust()}>
            Trust this key
          </button>
        </>
      )}
      {fault !== undefined && <RefusalText refusal={fault} />}
    </section>
  );
}
