/**
 * Owns AES-128 as a Boolean circuit in Bristol Fashion, 6,400 ANDs at depth 60: (key, block) to the encrypted block, each value
 * from its least significant bit up, as in the exchange format's own aes_128.txt: wire 0 is the last bit of the last byte.
 *
 * The S-box is the straight-line program of Boyar and Peralta, "A new combinational logic minimization technique with
 * applications to cryptology" (SEA 2010): 32 ANDs and 83 XORs; all else of FIPS 197 is linear.
 */

/** x0 and s0 are the most significant bits. `#` is XNOR. */
const S_BOX = `
  y14 = x3 + x5; y13 = x0 + x6; y9 = x0 + x3; y8 = x0 + x5; t0 = x1 + x2; y1 = t0 + x7; y4 = y1 + x3; y12 = y13 + y14;
  y2 = y1 + x0; y5 = y1 + x6; y3 = y5 + y8; t1 = x4 + y12; y15 = t1 + x5; y20 = t1 + x1; y6 = y15 + x7; y10 = y15 + t0;
  y11 = y20 + y9; y7 = x7 + y11; y17 = y10 + y11; y19 = y10 + y8; y16 = t0 + y11; y21 = y13 + y16; y18 = x0 + y16;
  t2 = y12 * y15; t3 = y3 * y6; t4 = t3 + t2; t5 = y4 * x7; t6 = t5 + t2; t7 = y13 * y16; t8 = y5 * y1; t9 = t8 + t7;
  t10 = y2 * y7; t11 = t10 + t7; t12 = y9 * y11; t13 = y14 * y17; t14 = t13 + t12; t15 = y8 * y10; t16 = t15 + t12;
  t17 = t4 + t14; t18 = t6 + t16; t19 = t9 + t14; t20 = t11 + t16; t21 = t17 + y20; t22 = t18 + y19; t23 = t19 + y21;
  t24 = t20 + y18; t25 = t21 + t22; t26 = t21 * t23; t27 = t24 + t26; t28 = t25 * t27; t29 = t28 + t22; t30 = t23 + t24;
  t31 = t22 + t26; t32 = t31 * t30; t33 = t32 + t24; t34 = t23 + t33; t35 = t27 + t33; t36 = t24 * t35; t37 = t36 + t34;
  t38 = t27 + t36; t39 = t29 * t38; t40 = t25 + t39; t41 = t40 + t37; t42 = t29 + t33; t43 = t29 + t40; t44 = t33 + t37;
  t45 = t42 + t41; z0 = t44 * y15; z1 = t37 * y6; z2 = t33 * x7; z3 = t43 * y16; z4 = t40 * y1; z5 = t29 * y7;
  z6 = t42 * y11; z7 = t45 * y17; z8 = t41 * y10; z9 = t44 * y12; z10 = t37 * y3; z11 = t33 * y4; z12 = t43 * y13;
  z13 = t40 * y5; z14 = t29 * y2; z15 = t42 * y9; z16 = t45 * y14; z17 = t41 * y8;
  t46 = z15 + z16; t47 = z10 + z11; t48 = z5 + z13; t49 = z9 + z10; t50 = z2 + z12; t51 = z2 + z5; t52 = z7 + z8;
  t53 = z0 + z3; t54 = z6 + z7; t55 = z16 + z17; t56 = z12 + t48; t57 = t50 + t53; t58 = z4 + t46; t59 = z3 + t54;
  t60 = t46 + t57; t61 = z14 + t57; t62 = t52 + t58; t63 = t49 + t58; t64 = z4 + t59; t65 = t61 + t62; t66 = z1 + t63;
  s0 = t59 + t63; s6 = t56 # t62; s7 = t48 # t60; t67 = t64 + t65; s3 = t53 + t66; s4 = t51 + t66; s5 = t47 + t65;
  s1 = t64 # s3; s2 = t55 # t67`;

const STEPS = S_BOX.split(';').map((step) => {
  const [, out, left, operator, right] = /(\w+) = (\w+) (\S) (\w+)/.exec(step) ?? [];
  return { out, left, operator, right };
});

const ROUNDS = 10;
const BYTES = 16;

/** Writes gates; wires are numbers, a byte is 8 of them from the least significant bit up. */
class Writer {
  gates = [];
  wires = 2 * 8 * BYTES;

  xor(x, y) {
    this.gates.push(`2 1 ${x} ${y} ${this.wires} XOR`);
    return this.wires++;
  }

  and(x, y) {
    this.gates.push(`2 1 ${x} ${y} ${this.wires} AND`);
    return this.wires++;
  }

  not(x) {
    this.gates.push(`1 1 ${x} ${this.wires} INV`);
    return this.wires++;
  }

  xorBytes(x, y) {
    return x.map((wire, bit) => this.xor(wire, y[bit]));
  }

  /** Adds a public constant. */
  flip(byte, constant) {
    return byte.map((wire, bit) => ((constant >> bit) & 1 ? this.not(wire) : wire));
  }

  substitute(byte) {
    const named = new Map(byte.map((wire, bit) => [`x${7 - bit}`, wire]));
    for (const { out, left, operator, right } of STEPS) {
      const [x, y] = [named.get(left), named.get(right)];
      const made = operator === '*' ? this.and(x, y) : this.xor(x, y);
      named.set(out, operator === '#' ? this.not(made) : made);
    }
    return byte.map((_, bit) => named.get(`s${7 - bit}`));
  }

  /** Times x in the field of AES. */
  double(byte) {
    const top = byte[7];
    return byte.map((_, bit) => {
      const shifted = byte[bit - 1] ?? top;
      return bit > 0 && (0x1b >> bit) & 1 ? this.xor(shifted, top) : shifted;
    });
  }

  /** A column of MixColumns: 2 a + 3 b + c + d = 2 (a + b) + a + (a + b + c + d), and so on. */
  mixColumn(column) {
    const pairs = column.map((byte, row) => this.xorBytes(byte, column[(row + 1) % 4]));
    const sum = this.xorBytes(pairs[0], pairs[2]);
    return column.map((byte, row) =>
      this.xorBytes(this.xorBytes(byte, this.double(pairs[row])), sum),
    );
  }
}

/** The circuit's file. */
export function aes128() {
  const writer = new Writer();
  /** Byte `index` of an input value: the first byte holds the most significant bits. */
  const inputByte = (value, index) =>
    Array.from({ length: 8 }, (_, bit) => 8 * (BYTES * value + BYTES - 1 - index) + bit);
  const bytes = Array.from({ length: BYTES }, (_, index) => index);
  let key = bytes.map((index) => inputByte(0, index));
  let state = bytes.map((index) => writer.xorBytes(inputByte(1, index), key[index]));
  let constant = 1;
  for (let round = 1; round <= ROUNDS; round++) {
    key = nextKey(writer, key, constant);
    constant = (constant << 1) ^ (constant & 0x80 ? 0x11b : 0);
    const substituted = state.map((byte) => writer.substitute(byte));
    // Row r of the state moves by r columns.
    const shifted = bytes.map((index) => substituted[(index + 4 * (index % 4)) % BYTES]);
    const mixed =
      round === ROUNDS
        ? shifted
        : [0, 4, 8, 12].flatMap((first) => writer.mixColumn(shifted.slice(first, first + 4)));
    state = mixed.map((byte, index) => writer.xorBytes(byte, key[index]));
  }
  // The output value is the last wires, from its least significant bit up.
  const outputs = [...state].reverse().flat();
  const copies = outputs.map((wire, bit) => `1 1 ${wire} ${writer.wires + bit} EQW`);
  const gates = [...writer.gates, ...copies];
  return [
    `${gates.length} ${writer.wires + outputs.length}`,
    '2 128 128',
    '1 128',
    '',
    ...gates,
    '',
  ].join('\n');
}

function nextKey(writer, key, constant) {
  const last = key.slice(12);
  const turned = [...last.slice(1), last[0]].map((byte) => writer.substitute(byte));
  turned[0] = writer.flip(turned[0], constant);
  const next = [];
  for (let index = 0; index < BYTES; index++) {
    next.push(writer.xorBytes(key[index], index < 4 ? turned[index] : next[index - 4]));
  }
  return next;
}
