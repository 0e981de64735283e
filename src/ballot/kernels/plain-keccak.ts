/**
 * Owns TurboSHAKE128 in plain TypeScript (RFC 9861; Keccak-p[1600] with 12 rounds from FIPS 202): the kernels' twin.
 * Must never be used where speed counts.
 */

/** Bytes of the state that a block of message or output fills. */
const RATE = 168;
const DOMAIN = 0x01;
const ROUNDS = 12;
const MASK = (1n << 64n) - 1n;

/** Round constants of Keccak-f[1600], by the linear feedback shift register of FIPS 202, algorithm 5. */
const ROUND_CONSTANTS: readonly bigint[] = (() => {
  let register = 1;
  return Array.from({ length: 24 }, () => {
    let constant = 0n;
    for (let j = 0; j <= 6; j++) {
      if (register & 1) constant |= 1n << BigInt((1 << j) - 1);
      register <<= 1;
      if (register & 0x100) register ^= 0x171;
    }
    return constant;
  });
})();

const rotate = (lane: bigint, by: number): bigint =>
  by === 0 ? lane : ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK;

/** The last 12 rounds of Keccak-f[1600] on 25 lanes, lane x + 5 y. */
function permute(lanes: bigint[]): void {
  for (const constant of ROUND_CONSTANTS.slice(24 - ROUNDS)) {
    const columns = [0, 1, 2, 3, 4].map((x) =>
      [0, 5, 10, 15, 20].reduce((sum, row) => sum ^ lanes[x + row]!, 0n),
    );
    for (let k = 0; k < 25; k++)
      lanes[k] = lanes[k]! ^ columns[((k % 5) + 4) % 5]! ^ rotate(columns[((k % 5) + 1) % 5]!, 1);
    // Rho and pi walk the lanes from (1, 0); step t rotates by the t-th triangular number.
    let [x, y] = [1, 0];
    let moving = lanes[1]!;
    for (let t = 1; t <= 24; t++) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const next = lanes[x + 5 * y]!;
      lanes[x + 5 * y] = rotate(moving, ((t * (t + 1)) / 2) % 64);
      moving = next;
    }
    for (let row = 0; row < 25; row += 5) {
      const old = lanes.slice(row, row + 5);
      for (let k = 0; k < 5; k++) lanes[row + k] = old[k]! ^ (~old[(k + 1) % 5]! & MASK & old[(k + 2) % 5]!);
    }
    lanes[0] = lanes[0]! ^ constant;
  }
}

/** The endless output of TurboSHAKE128 for a message, in blocks of RATE bytes. */
export function* turboShakeBlocks(message: Uint8Array): Generator<Uint8Array, never> {
  const padded = new Uint8Array((Math.floor(message.length / RATE) + 1) * RATE);
  padded.set(message);
  padded[message.length] = DOMAIN;
  padded[padded.length - 1]! ^= 0x80;
  const lanes = new Array<bigint>(25).fill(0n);
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let k = 0; k < RATE / 8; k++) lanes[k] = lanes[k]! ^ view.getBigUint64(at + 8 * k, true);
    permute(lanes);
  }
  for (;;) {
    const block = new Uint8Array(RATE);
    const out = new DataView(block.buffer);
    for (let k = 0; k < RATE / 8; k++) out.setBigUint64(8 * k, lanes[k]!, true);
    yield block;
    permute(lanes);
  }
}
