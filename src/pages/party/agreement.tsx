/**
 * Owns what a party reads before it joins: who learns what, what is computed, who brings what, and the terms, in plain words.
 */
import { Scrolling } from './file.tsx';
import type { Invitation } from './service.ts';
import { columnWords, counted, listed, spoken, termsOf } from './words.ts';

interface InvitationProps {
  readonly invitation: Invitation;
}

export function Disclosure({ invitation }: InvitationProps) {
  const { specification, collaboration } = invitation;
  return (
    <section class="card" aria-labelledby="disclosure">
      <h2 id="disclosure">Who learns what</h2>
      <p class="lead">
        <strong>{listed(collaboration.outputs)}</strong>{' '}
        {collaboration.outputs.length === 1 ? 'learns the result' : 'learn the result'}. Nobody sees anyone’s
        rows.
      </p>
      <ul class="statements">
        {specification.disclosure.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}

/** Whoever has decided already may unfold it. */
export function Agreement({ invitation, isOpen }: InvitationProps & { readonly isOpen: boolean }) {
  return (
    <details class="card fold" open={isOpen}>
      <summary>
        <h2>What is agreed</h2>
      </summary>
      <Descriptor invitation={invitation} />
    </details>
  );
}

function Descriptor({ invitation }: InvitationProps) {
  const { descriptor, collaboration, specification } = invitation;
  const { program } = descriptor;
  return (
    <>
      <h3>The question</h3>
      {program.kind === 'sql' ? (
        <Scrolling label="The query, in SQL">
          <pre class="query">
            <code>{program.text.trim()}</code>
          </pre>
        </Scrolling>
      ) : (
        <p>
          The {program.kind === 'circuit' ? 'circuit' : 'program'} <code>{program.name}</code>. What its
          results tell about rows is for whoever reads it to judge.
        </p>
      )}
      <h3>Who brings rows</h3>
      <ul class="bringers">
        {collaboration.inputParties.map(({ party, tables }) => (
          <li key={party}>
            <strong>{party}</strong>
            {tables.map(({ table, maxRows }) => (
              <span key={table}>
                {': '}
                up to {counted(maxRows, 'row')} of {table}
              </span>
            ))}
          </li>
        ))}
      </ul>
      {specification.tables.map(({ table, columns, bits, exact, maxRows }) => (
        <div key={table}>
          <h3>What your {table} must look like</h3>
          {bits === undefined ? (
            <dl class="fields">
              {columns.map((column) => (
                <div key={column.name}>
                  <dt>
                    <code>{column.name}</code>
                  </dt>
                  <dd>{columnWords(column)}</dd>
                </div>
              ))}
            </dl>
          ) : (
            <p>One instance of {counted(bits, 'bit')} on each line.</p>
          )}
          {exact && <p>Exactly {counted(maxRows, 'row')}: that number is public.</p>}
        </div>
      ))}
      <h3>The terms</h3>
      <ul class="statements">
        {termsOf(invitation).map((term) => (
          <li key={term}>{term}</li>
        ))}
      </ul>
      <details class="digest">
        <summary>
          Its digest begins with <code>{spoken(specification.digest)}</code>
        </summary>
        <p>
          Everything above, and everyone’s key, is in one descriptor. Whoever sees the same digest has agreed
          to the same:
        </p>
        <p>
          <code class="breaks">{specification.digest}</code>
        </p>
        <dl class="keys">
          {Object.entries(descriptor.keys).map(([address, key]) => (
            <div key={address}>
              <dt>{address.replace(/^party-/, '')}</dt>
              <dd>
                <code class="breaks">{key}</code>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
