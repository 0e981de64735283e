/**
 * Owns others' keys on the page: fingerprints to compare by voice, and the alarm when a key is another than before.
 * Must never trust one unless somebody says that its owner has read it out.
 */
import { useEffect, useId, useState } from 'preact/hooks';
import { Compared } from './compared.tsx';
import { RefusalText, refusalOf } from './refusal.tsx';
import type { LookedUp, Post, Refusal, Service } from './service.ts';
import { listed } from './words.ts';

/** Looked up for so many: a list of hundreds is compared by nobody. */
const MOST = 12;

export interface Keys {
  /** With an account. */
  readonly known: readonly LookedUp[];
  readonly changed: readonly LookedUp[];
  /** Names of those without. */
  readonly without: readonly string[];
  readonly replace: (one: LookedUp) => void;
}

/** How soon those without an account are looked up again. */
const AGAIN_MS = 5_000;

/** Looked up when a conversation opens, and whenever `occasion` is another. */
export function useKeys(service: Service, post: Post, others: readonly string[], occasion: number): Keys {
  const [all, setAll] = useState<readonly LookedUp[]>([]);
  const { state } = post;
  const names = others.slice(0, MOST).join();
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    if (state !== 'here') return;
    let isOver = false;
    Promise.all(names.split(',').map((name) => service.lookUp(name))).then(
      (found) => !isOver && setAll(found),
      () => {}, // that nobody answers is said elsewhere
    );
    return () => {
      isOver = true;
    };
  }, [service, state, names, looks, occasion]);
  const isAwaited = all.some(({ registered }) => !registered);
  useEffect(() => {
    if (!isAwaited) return;
    const timer = window.setInterval(() => setLooks((before) => before + 1), AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [isAwaited]);
  const known = all.filter(({ registered }) => registered);
  return {
    known,
    changed: known.filter((one) => one.known !== null && one.fingerprint !== one.known),
    without: all.filter(({ registered }) => !registered).map(({ account }) => account),
    replace: (one) => setAll(all.map((before) => (before.account === one.account ? one : before))),
  };
}

interface ObstaclesProps {
  readonly service: Service;
  readonly keys: Keys;
  readonly onTrusted: () => void;
}

/** What stands in the way of writing: keys that changed, parties without an account. */
export function Obstacles({ service, keys, onTrusted }: ObstaclesProps) {
  const { changed, without, replace } = keys;
  const isOne = without.length === 1;
  return (
    <>
      {without.length > 0 && (
        <p class="muted">
          {listed(without)} {isOne ? 'has' : 'have'} no account yet. On {isOne ? 'its' : 'their'} own page
          that is one button; until then nothing can be sent here.
        </p>
      )}
      {changed.map((one) => (
        <Changed
          key={one.account}
          service={service}
          looked={one}
          onTrusted={(now) => {
            replace(now);
            onTrusted();
          }}
        />
      ))}
    </>
  );
}

export function Fingerprints({ post, keys: { known } }: { readonly post: Post; readonly keys: Keys }) {
  if (known.length === 0) return null;
  return (
    <details class="digest">
      <summary>Keys, to be compared by voice</summary>
      <p class="muted">
        The coordinators tell who has which key. Only reading these out to each other rules out that they told
        you another.
      </p>
      <dl class="keys">
        <div>
          <dt>{post.account} (you)</dt>
          <dd>
            <code class="breaks">{post.fingerprint}</code>
          </dd>
        </div>
        {known.map(({ account, fingerprint }) => (
          <div key={account}>
            <dt>{account}</dt>
            <dd>
              <code class="breaks">{fingerprint ?? 'none'}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
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
          <Compared isSo={isCompared} onChange={setCompared}>
            {account} has read <code>{fingerprint}</code> out to me
          </Compared>
          <button type="button" disabled={!isCompared} onClick={() => void trust()}>
            Trust this key
          </button>
        </>
      )}
      {fault !== undefined && <RefusalText refusal={fault} />}
    </section>
  );
}
