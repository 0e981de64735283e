/**
 * A circuit on the party's page, against real roles: files of bits are looked at as tables are, and both parties see the output bits.
 */
import assert from 'node:assert/strict';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { packCircuit } from '../../src/circuits/packed.ts';
import { browserTest } from '../support/browser.ts';
import { adder, meaningOf } from '../support/circuits.ts';
import { looksWell, openPage, seen, upload } from './parties.ts';
import { withReal } from './real.ts';

const WIDTH = 16;
const VALUES: Readonly<Record<string, readonly bigint[]>> = {
  acme: [40_000n, 1n, 65_535n],
  beta: [2_345n, 2n, 1n],
};
const hex = (value: bigint): string => value.toString(16).padStart(WIDTH / 4, '0');

browserTest(
  'two parties bring their values of a circuit, a file that does not fit is refused by line, and both see its output',
  900_000,
  (browser) =>
    withReal(({ ask, pageOf }) =>
      seen(browser, async () => {
        const circuit = adder(WIDTH);
        const packed = packCircuit(parseBristol(circuit.text, 'adder.txt'));
        await ask({ kind: 'circuit', name: 'adder', circuit: packed }, 'acme:input-1:3', 'beta:input-2:3');
        const opened = [];
        for (const [party, values] of Object.entries(VALUES)) {
          const one = await openPage(browser, await pageOf(party));
          opened.push(one);
          const { page } = one;
          await page.getByRole('region', { name: 'Waiting for you' }).getByRole('link').click();
          await page.getByText('circuit adder', { exact: false }).first().waitFor();
          const lines = values.map(hex);
          const file = page.getByLabel(/Drop a file of bits/);
          await file.setInputFiles(upload('bits.txt', `${[lines[0], 'no number', lines[2]].join('\n')}\n`));
          await page.getByText('bits.txt does not fit: 1 fault', { exact: false }).waitFor();
          await page.getByRole('row', { name: /^2 .*is not a number of 16 bits/ }).waitFor();
          await file.setInputFiles(upload('bits.txt', `${lines.join('\n')}\n`));
          await page.getByText('bits.txt fits: 3', { exact: false }).waitFor();
          if (party === 'acme') await looksWell(page, 'bits', 'Your rows');
          await page.getByRole('checkbox').check();
          await page.getByRole('button', { name: 'Approve and send' }).click();
          await page.getByRole('heading', { name: 'Your rows' }).waitFor({ state: 'detached' });
        }
        const expected = VALUES.acme?.map((value, k) =>
          hex(meaningOf(circuit, [value, VALUES.beta?.[k] ?? 0n])[0] ?? 0n),
        );
        for (const { page, faults, context } of opened) {
          await page.getByRole('heading', { name: 'The result' }).waitFor();
          const table = page.getByRole('region', { name: 'The result as a table' });
          const rows = await table.getByRole('row').allInnerTexts();
          assert.deepEqual(
            rows.slice(1).map((row) => row.split('\t').at(-1)?.trim()),
            expected,
          );
          await looksWell(page, 'result of a circuit');
          assert.deepEqual(faults, []);
          await context.close();
        }
      }),
    ),
);
