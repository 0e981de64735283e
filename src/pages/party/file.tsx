/**
 * Owns choosing a file, by hand, keyboard or drop, and showing what is in it: its faults by line and column, or its first rows.
 */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Review } from './service.ts';
import { counted, listed } from './words.ts';

const TABLES = '.csv,.txt,text/csv,text/plain';

interface DropZoneProps {
  readonly label: string;
  /** Kinds of files, as browsers name them; tables by default. */
  readonly accept?: string;
  readonly onFile: (file: File) => void;
  readonly children: ComponentChildren;
}

export function DropZone({ label, accept = TABLES, onFile, children }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) onFile(file);
  };
  return (
    <label
      for={id}
      class={isOver ? 'drop is-over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        id={id}
        class="unseen"
        type="file"
        accept={accept}
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file !== undefined) onFile(file);
          // The same name may be chosen again, mended.
          currentTarget.value = '';
        }}
      />
      <span class="drop-label">{label}</span>
      <span class="drop-note">{children}</span>
    </label>
  );
}

export function FaultTable({ review: { faults, hasMore } }: { readonly review: Review }) {
  return (
    <Scrolling label="Faults of the file">
      <table class="data">
        <caption>What to mend{hasMore ? ', first of all' : ''}</caption>
        <thead>
          <tr>
            <th scope="col" class="is-number">
              Line
            </th>
            <th scope="col">Column</th>
            <th scope="col">What is wrong, and what to do</th>
          </tr>
        </thead>
        <tbody>
          {faults.map(({ message, hint, place }, at) => (
            // Faults never change places: a file is looked at once.
            <tr key={at}>
              <td class="is-number">{place?.line ?? '–'}</td>
              <td>{place?.column ?? '–'}</td>
              <td>
                {message}
                <span class="hint">{hint}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

/** Rows of a preview: enough to see whether it is the right file. */
const SHOWN = 8;

export function Preview({ review: { rows, columns, preview, passedOver } }: { readonly review: Review }) {
  const shown = preview.slice(0, SHOWN);
  if (shown.length === 0) return null;
  return (
    <>
      <Scrolling label="Preview of your rows">
        <table class="data">
          <caption>
            Your{' '}
            {rows > shown.length ? `first ${shown.length} of ${counted(rows, 'row')}` : counted(rows, 'row')},
            on this screen only
          </caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((cells, row) => (
              // They have no other name, and never change places.
              <tr key={row}>
                {cells.map((cell, at) => (
                  <td key={columns[at]}>{cell === '' ? <span class="muted">empty</span> : cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      {passedOver.length > 0 && (
        <p class="muted">
          Nobody asked for {passedOver.length === 1 ? 'the column' : 'the columns'} {listed(passedOver)}: left
          out.
        </p>
      )}
    </>
  );
}

/** A region that scrolls sideways by itself where it is too wide, also by the keyboard. */
export function Scrolling({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be reachable by keyboard (WCAG 2.1.1)
    <section class="scrolling" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
