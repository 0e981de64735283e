/**
 * Writes aes_128.txt beside this file: AES-128 as a circuit in Bristol Fashion (circuit.mjs).
 */
import { writeFileSync } from 'node:fs';
import { aes128 } from './circuit.mjs';

writeFileSync(new URL('./aes_128.txt', import.meta.url), aes128());
