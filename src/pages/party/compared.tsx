/**
 * Owns a person's word that something was compared with somebody: nothing goes on without it.
 */
import type { ComponentChildren } from 'preact';

interface ComparedProps {
  readonly isSo: boolean;
  readonly onChange: (isSo: boolean) => void;
  /** What the person says by it. */
  readonly children: ComponentChildren;
}

export function Compared({ isSo, onChange, children }: ComparedProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isSo}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}
