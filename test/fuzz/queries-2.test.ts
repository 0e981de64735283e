/**
 * Owns part 2 of 4 of the generated queries: see part.ts.
 */
import { fuzzPart } from './part.ts';

fuzzPart(1);
