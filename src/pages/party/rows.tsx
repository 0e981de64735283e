/**
 * Owns handing in one's own rows: a file for each table is looked at, its faults or its first rows are shown, and nothing is sent before
 * the person says so. Must never keep a file longer than this card is open, except the rows shown, for a chart in this tab.
 */

import { useId, useState } from 'preact/hooks';
import type { OwnRows } from './chart-choice.ts';
import { Compared } from './compared.tsx';
import { DropZone, FaultTable, Preview } from './file.tsx';
import { RefusalText, refusalOf } from './refusal.tsx';
import type { Invitation, Refusal, Review, Service, TakingPart } from './service.ts';
import { counted, listed, spoken } from './words.ts';

interface RowsProps {
  readonly service: Service;
  readonly taking: TakingPart;
  readonly invitation: Invitation;
  readonly onSent: (rows: readonly OwnRows[]) => void;
}

interface Chosen {
  readonly file: File;
  /** Undefined while it is being looked at. */
  readonly review?: Review;
  readonly fault?: Refusal;
}

export function RowsCard({ service, taking, invitation, onSent }: RowsProps) {
  const { part } = taking;
  const [chosen, setChosen] = useState<Readonly<Record<string, Chosen>>>({});
  const [isCompared, setCompared] = useState(false);
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState<Refusal>();
  const ids = useId();
  const { tables } = invitation.specification;
  // Rows that the service holds already need no file again.
  const missing = part.tables.filter(({ given }) => !given).map(({ table }) => table);
  const isReady = (table: string): boolean => chosen[table]?.review?.faults.length === 0;
  const unready = missing.filter((table) => !isReady(table));
  const action = missing.length === 0 ? 'Approve' : 'Approve and send';

  async function choose(table: string, file: File): Promise<void> {
    setFault(undefined);
    setChosen((before) => ({ ...before, [table]: { file } }));
    const seen = await service.look(part, table, file).then(
      (review): Chosen => ({ file, review }),
      (error: unknown): Chosen => ({ file, fault: refusalOf(error) }),
    );
    setChosen((before) => (before[table]?.file === file ? { ...before, [table]: seen } : before));
  }

  async function send(): Promise<void> {
    setSending(true);
    setFault(undefined);
    try {
      for (const table of missing) {
        const file = chosen[table]?.file;
        if (file !== undefined) await service.give(part, table, file);
      }
      if (missing.length === 0) await service.approve(part.collaboration, part.digest);
      onSent(
        missing.flatMap((table) => {
          const review = chosen[table]?.review;
          return review === undefined ? [] : [{ table, columns: review.columns, rows: review.preview }];
        }),
      );
    } catch (error) {
      setFault(refusalOf(error));
    } finally {
      setSending(false);
    }
  }

  return (
    <section class="card is-yours" aria-labelledby={`${ids}title`}>
      <h2 id={`${ids}title`}>{missing.length === 0 ? 'Your decision' : 'Your rows'}</h2>
      {missing.length > 0 && (
        <p class="muted">
          They are read and checked on the machine of your own client. Nothing is sent before you press “
          {action}”, and then masked only.
        </p>
      )}
      {tables
        .filter(({ table }) => missing.includes(table))
        .map((table) => (
          <TableOf
            key={table.table}
            table={table}
            chosen={chosen[table.table]}
            onFile={choose}
            isOnly={tables.length === 1}
          />
        ))}
      <div class="approve">
        <Compared isSo={isCompared} onChange={setCompared}>
          I have read who learns what, and another party reads the same first digits to me:{' '}
          <code>{spoken(invitation.specification.digest)}</code>
        </Compared>
        <button
          type="button"
          class="primary"
          disabled={!isCompared || unready.length > 0 || isSending}
          aria-describedby={`${ids}needed`}
          onClick={() => void send()}
        >
          {isSending ? 'Sending…' : action}
        </button>
        <p id={`${ids}needed`} class="muted">
          {unready.length > 0
            ? `First choose a file that fits for ${listed(unready)}.`
            : isCompared
              ? 'Once the servers have begun, rows cannot be taken back.'
              : 'First tick the box above.'}
        </p>
        {fault !== undefined && <RefusalText refusal={fault} />}
      </div>
    </section>
  );
}

interface TableProps {
  readonly table: Invitation['specification']['tables'][number];
  readonly chosen: Chosen | undefined;
  readonly onFile: (table: string, file: File) => Promise<void>;
  readonly isOnly: boolean;
}

function TableOf({ table: { table, header, maxRows, bits }, chosen, onFile, isOnly }: TableProps) {
  const what = bits === undefined ? 'a CSV file' : 'a file of bits';
  return (
    <div class="table-of">
      {!isOnly && <h3>{table}</h3>}
      <DropZone
        label={`Drop ${what} for ${table} here, or choose one`}
        onFile={(file) => void onFile(table, file)}
      >
        {bits === undefined ? (
          <>
            first line <code>{header}</code>, then up to {counted(maxRows, 'row')}
          </>
        ) : (
          `exactly ${counted(maxRows, 'line')}, each of ${counted(bits, 'bit')}: in hexadecimal, or 0s and 1s`
        )}
      </DropZone>
      <div role="status">
        {chosen !== undefined && chosen.review === undefined && chosen.fault === undefined && (
          <p>Checking {chosen.file.name}…</p>
        )}
        {chosen?.review !== undefined && (
          <Verdict
            name={chosen.file.name}
            review={chosen.review}
            unit={bits === undefined ? 'row' : 'line'}
          />
        )}
      </div>
      {chosen?.fault !== undefined && <RefusalText refusal={chosen.fault} />}
      {chosen?.review !== undefined && chosen.review.faults.length > 0 && (
        <FaultTable review={chosen.review} />
      )}
      {chosen?.review !== undefined && chosen.review.faults.length === 0 && (
        <Preview review={chosen.review} />
      )}
    </div>
  );
}

interface VerdictProps {
  readonly name: string;
  readonly review: Review;
  readonly unit: string;
}

function Verdict({ name, review, unit }: VerdictProps) {
  const { faults, hasMore, rows } = review;
  if (faults.length === 0)
    return (
      <p class="verdict is-good">
        <strong>{name}</strong> fits: {counted(rows, unit)}.
      </p>
    );
  return (
    <p class="verdict is-bad">
      <strong>{name}</strong> does not fit:{' '}
      {hasMore ? `more than ${faults.length} faults` : counted(faults.length, 'fault')}. Nothing of it was
      kept.
    </p>
  );
}
