/**
 * Owns what the package gives to programs: `import { program, integer } from 'mpc'`. Must stay small: it is a promise.
 */
export {
  decimal,
  type InputOptions,
  integer,
  type ProgramSource,
  type ProgramTools,
  program,
  truth,
} from './builder.ts';
export type { Numbers, Operand, Truths } from './vectors.ts';
