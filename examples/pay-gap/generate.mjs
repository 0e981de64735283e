/**
 * Owns the demo's data: three employers' payrolls, drawn from a fixed seed so that every run gives the same answer.
 * Usage: node examples/pay-gap/generate.mjs [directory]   (default: data/ beside this file)
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), 'data');

/** A small seeded generator (mulberry32): made-up data only, never a key or a mask. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const base = { junior: 38_000, senior: 56_000, lead: 74_000, manager: 92_000 };
const employers = [
  { name: 'acme', seed: 1, people: 420, women: 0.46, gap: 0.94 },
  { name: 'beta', seed: 2, people: 310, women: 0.31, gap: 0.89 },
  { name: 'gamma', seed: 3, people: 150, women: 0.58, gap: 0.99 },
];

mkdirSync(directory, { recursive: true });
for (const employer of employers) {
  const random = generator(employer.seed);
  const lines = ['gender,level,full_time,salary,bonus'];
  for (let person = 0; person < employer.people; person++) {
    const gender = random() < employer.women ? 'female' : 'male';
    const draw = random();
    const level = draw < 0.45 ? 'junior' : draw < 0.8 ? 'senior' : draw < 0.93 ? 'lead' : 'manager';
    const salary = base[level] * (0.85 + 0.3 * random()) * (gender === 'female' ? employer.gap : 1);
    const bonus = random() < 0.35 ? '' : (salary * 0.15 * random()).toFixed(2);
    lines.push(`${gender},${level},${random() < 0.85},${salary.toFixed(2)},${bonus}`);
  }
  writeFileSync(join(directory, `${employer.name}.csv`), `${lines.join('\n')}\n`);
}
