/**
 * Owns a result on the page: single values large, a chart where one fits, the whole table, and copying it as CSV.
 */
import { useEffect, useState } from 'preact/hooks';
import { cellText, chartsOf, keysOf, keyText, type OwnRows } from './chart-choice.ts';
import { ChartOf } from './charts.tsx';
import { Scrolling } from './file.tsx';
import type { Invitation, Result, Service, TakingPart } from './service.ts';
import { counted } from './words.ts';

interface ResultProps {
  readonly service: Service;
  readonly taking: TakingPart;
  readonly invitation: Invitation | undefined;
  readonly ownRows: readonly OwnRows[];
}

export function ResultCard({ service, taking, invitation, ownRows }: ResultProps) {
  const { part } = taking;
  const { attempt } = taking.collaboration;
  const [result, setResult] = useState<Result>();
  const [fault, setFault] = useState<string>();
  // A part changes with every event, its result with the attempt alone.
  useEffect(() => {
    service.result(part).then(setResult, (error: unknown) => setFault(String(error)));
  }, [service, part.collaboration, attempt]);
  return (
    <section class="card is-result" aria-labelledby="result">
      <h2 id="result">The result</h2>
      {fault !== undefined && (
        <p role="alert" class="fault">
          It cannot be shown: {fault}
        </p>
      )}
      {result === undefined ? (
        fault === undefined && <p role="status">Fetching it from your client…</p>
      ) : (
        <>
          <Shown result={result} query={queryOf(invitation)} ownRows={ownRows} />
          <Copy onCopy={() => service.resultAsCsv(part)} />
        </>
      )}
    </section>
  );
}

const queryOf = (invitation: Invitation | undefined): string =>
  invitation?.descriptor.program.kind === 'sql' ? invitation.descriptor.program.text : '';

/** A single row of a few columns is read best as large values. */
const MOST_VALUES = 6;

function Shown({ result, query, ownRows }: { result: Result; query: string; ownRows: readonly OwnRows[] }) {
  const { table } = result;
  const charts = chartsOf(table, query, ownRows);
  const [chosen, setChosen] = useState(0);
  const chart = charts[chosen] ?? charts[0];
  const [only, ...more] = table.rows;
  const isValues = only !== undefined && more.length === 0 && table.columns.length <= MOST_VALUES;
  return (
    <>
      {isValues && (
        <dl class="values">
          {table.columns.map((column, at) => (
            <div key={column.name}>
              <dt>{column.name}</dt>
              <dd>{cellText(only[at]!, column)}</dd>
            </div>
          ))}
        </dl>
      )}
      {charts.length > 1 && (
        <label class="choice">
          Show{' '}
          <select value={chosen} onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}>
            {charts.map(({ name }, at) => (
              <option key={name} value={at}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {chart !== undefined && <ChartOf chart={chart} />}
      {!isValues && <Table table={table} />}
    </>
  );
}

/** Rows shown at once; the CSV has all of them. */
const SHOWN = 1000;

function Table({ table: { columns, rows } }: Pick<Result, 'table'>) {
  const keys = keysOf(columns, rows);
  const isNumber = (type: string): boolean => type === 'integer' || type === 'decimal';
  return (
    <Scrolling label="The result as a table">
      <table class="data">
        <caption>
          {rows.length > SHOWN
            ? `The first ${SHOWN} of ${counted(rows.length, 'row')}; the CSV has all`
            : counted(rows.length, 'row')}
        </caption>
        <thead>
          <tr>
            {columns.map(({ name, type }) => (
              <th key={name} scope="col" class={isNumber(type) ? 'is-number' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN).map((row, place) => (
            // They have no other name, and never change places.
            <tr key={place}>
              {columns.map((column, at) => (
                <td key={column.name} class={isNumber(column.type) ? 'is-number' : undefined}>
                  {(keys.includes(at) ? keyText : cellText)(row[at]!, column)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function Copy({ onCopy }: { readonly onCopy: () => Promise<string> }) {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(await onCopy());
      setSaid('Copied.');
    } catch {
      setSaid('The browser did not allow it.');
    }
  };
  return (
    <p class="copy">
      <button type="button" onClick={() => void copy()}>
        Copy as CSV
      </button>
      <span role="status">{said}</span>
    </p>
  );
}
