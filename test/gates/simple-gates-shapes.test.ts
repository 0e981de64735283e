import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { bitToRingGate } from '../../src/gates/bit-to-ring.ts';
import { concatGate } from '../../src/gates/concat.ts';
import { constantGate } from '../../src/gates/constant.ts';
import { dotGate } from '../../src/gates/dot.ts';
import type { Form, Gate, Kind, Shape } from '../../src/gates/gate.ts';
import { linearGate } from '../../src/gates/linear.ts';
import { lowBitGate } from '../../src/gates/low-bit.ts';
import { multiplyGate } from '../../src/gates/multiply.ts';
import { openGate } from '../../src/gates/open.ts';
import { GATES } from '../../src/gates/registry.ts';
import { repeatGate } from '../../src/gates/repeat.ts';
import { runningSumGate } from '../../src/gates/running-sum.ts';
import { selectGate } from '../../src/gates/select.ts';
import { sliceGate } from '../../src/gates/slice.ts';
import { sumGate } from '../../src/gates/sum.ts';
import { xorGate } from '../../src/gates/xor.ts';

test('inputs that do not fit are refused as a plan’s fault', () => {
  const shape = (kind: Kind, held: Form, n: number): Shape => ({ kind, form: held, length: n });
  const [wire, share, flags] = [
    shape('ring', 'wire', 4),
    shape('ring', 'share', 4),
    shape('bits', 'wire', 4),
  ];
  const short = shape('ring', 'wire', 3);
  const refusals = [
    () => constantGate.infer({ op: 'constant', kind: 'ring', value: '9223372036854775808', length: 1 }, []),
    () => constantGate.infer({ op: 'constant', kind: 'ring', value: '0x1', length: 1 }, []),
    () => constantGate.infer({ op: 'constant', kind: 'ring', value: '-0', length: 1 }, []),
    () => constantGate.infer({ op: 'constant', kind: 'bits', value: '2', length: 1 }, []),
    () => constantGate.infer({ op: 'constant', kind: 'ring', value: '1', length: 0 }, []),
    () => constantGate.infer({ op: 'constant', kind: 'ring', value: '1', length: 1.5 }, []),
    () => constantGate.infer({ op: 'constant', kind: 'ring', value: '1', length: 1 }, [wire]),
    () => linearGate.infer({ op: 'linear', coefficients: [], offset: '0' }, []),
    () => linearGate.infer({ op: 'linear', coefficients: ['1'], offset: '0' }, [wire, wire]),
    () => linearGate.infer({ op: 'linear', coefficients: ['1', '1'], offset: '0' }, [wire, short]),
    () => linearGate.infer({ op: 'linear', coefficients: ['1'], offset: '0' }, [flags]),
    () => linearGate.infer({ op: 'linear', coefficients: ['1e3'], offset: '0' }, [wire]),
    () => sumGate.infer({ op: 'sum', groups: 3 }, [wire]),
    () => sumGate.infer({ op: 'sum', groups: 0 }, [wire]),
    () => sumGate.infer({ op: 'sum', groups: 2 }, [flags]),
    () => runningSumGate.infer({ op: 'runningSum' }, [wire, wire]),
    () => runningSumGate.infer({ op: 'runningSum' }, [flags]),
    () => lowBitGate.infer({ op: 'lowBit' }, []),
    () => lowBitGate.infer({ op: 'lowBit' }, [flags]),
    () => sliceGate.infer({ op: 'slice', start: 2, length: 3 }, [wire]),
    () => sliceGate.infer({ op: 'slice', start: -1, length: 2 }, [wire]),
    () => sliceGate.infer({ op: 'slice', start: 0, length: 0 }, [wire]),
    () => concatGate.infer({ op: 'concat' }, []),
    () => concatGate.infer({ op: 'concat' }, [wire, flags]),
    () => repeatGate.infer({ op: 'repeat', times: 0, each: true }, [wire]),
    () => repeatGate.infer({ op: 'repeat', times: 2 ** 53, each: true }, [wire]),
    () => xorGate.infer({ op: 'xor', invert: false }, []),
    () => xorGate.infer({ op: 'xor', invert: false }, [wire]),
    () => xorGate.infer({ op: 'xor', invert: false }, [flags, shape('bits', 'wire', 5)]),
    () => openGate.infer({ op: 'open' }, []),
    () => openGate.infer({ op: 'open' }, [share, share]),
    () => multiplyGate.infer({ op: 'multiply' }, [wire]),
    () => multiplyGate.infer({ op: 'multiply' }, [wire, share]),
    () => multiplyGate.infer({ op: 'multiply' }, [wire, short]),
    () => multiplyGate.infer({ op: 'multiply' }, [flags, flags]),
    () => dotGate.infer({ op: 'dot', groups: 3 }, [wire, wire]),
    () => dotGate.infer({ op: 'dot', groups: 2 }, [share, wire]),
    () => selectGate.infer({ op: 'select' }, [flags, wire]),
    () => selectGate.infer({ op: 'select' }, [wire, wire, wire]),
    () => selectGate.infer({ op: 'select' }, [flags, wire, share]),
    () => selectGate.infer({ op: 'select' }, [flags, wire, short]),
    () => bitToRingGate.infer({ op: 'bitToRing' }, [wire]),
    () => bitToRingGate.infer({ op: 'bitToRing' }, [shape('bits', 'share', 4)]),
  ];
  for (const refusal of refusals) {
    assert.throws(
      refusal,
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
      `${refusal}`,
    );
  }
  assert.equal(refusals.length, 43);
});

test('the record holds every gate under the name of its operation', () => {
  const entries: readonly (readonly [string, Pick<Gate<{ op: string }>, 'op'>])[] = Object.entries(GATES);
  for (const [name, gate] of entries) assert.equal(gate.op, name);
  assert.equal(new Set(entries.map(([, gate]) => gate)).size, entries.length);
  assert.ok(entries.length > 20, 'all gates are looked at');
});
