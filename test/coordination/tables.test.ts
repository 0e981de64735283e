/**
 * Tables against a plain Map: the same rows in the same order, whatever is put, deleted, kept and undone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TableSet } from '../../src/coordination/tables.ts';

type Act =
  | { readonly act: 'put'; readonly key: string; readonly row: number }
  | { readonly act: 'delete'; readonly key: string }
  | { readonly act: 'commit' | 'undo' };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant('put' as const), key, row: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('commit' as const, 'undo' as const) }) },
);

test('a table is a map whose last changes can be taken back, and its changes told make the same map elsewhere', () => {
  let undone = 0;
  let moved = 0;
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60, size: 'max' }), (acts) => {
      const set = new TableSet();
      const table = set.of('test').table<number>('t');
      let kept = new Map<string, number>();
      let model = new Map<string, number>();
      const copy = new Map<string, unknown>();
      for (const item of acts) {
        if (item.act === 'put') {
          table.put(item.key, item.row);
          model.set(item.key, item.row);
        } else if (item.act === 'delete') {
          table.delete(item.key);
          model.delete(item.key);
        } else if (item.act === 'undo') {
          set.undo();
          model = new Map(kept);
          undone++;
        } else {
          for (const change of set.commit()) {
            if (change.moved) moved++;
            if (change.moved || change.after === undefined) copy.delete(change.key);
            if (change.after !== undefined) copy.set(change.key, change.after);
          }
          kept = new Map(model);
          assert.deepEqual([...copy], [...kept]);
        }
        assert.deepEqual([...table.entries()], [...model]);
        assert.equal(table.size, model.size);
        for (const name of ['a', 'b', 'c', 'd']) assert.equal(table.get(name), model.get(name));
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(undone > 100 && moved > 20, `expected many, saw ${undone} undone, ${moved} moved`);
});

test('a chapter reads what it has named, and nothing else', () => {
  const set = new TableSet();
  set.of('one').table<number>('t').put('a', 1);
  set.commit();
  assert.equal(set.of('two', ['one']).read<number>('one', 't').get('a'), 1);
  assert.equal(set.of('two', ['one']).read('one', 'other').size, 0);
  assert.throws(() => set.of('two').read('one', 't'), /names the chapters that it reads/);
});
