/**
 * Owns the heading of whatever is open on the page: what it is called, where it stands, and the way back.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface HeadProps {
  readonly title: string;
  /** Where it stands, in a word or two; and which colour that has. */
  readonly chip?: { readonly words: string; readonly look: string };
  readonly children?: ComponentChildren;
}

/** Takes the focus when it appears: whoever came by keyboard or listens goes on from here. */
export function Head({ title, chip, children }: HeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <>
      <a class="back" href="#all">
        Everything
      </a>
      <header class="detail-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {chip !== undefined && <span class={`chip ${chip.look}`}>{chip.words}</span>}
        {children !== undefined && <p class="muted">{children}</p>}
      </header>
    </>
  );
}
