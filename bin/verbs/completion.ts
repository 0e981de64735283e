/**
 * Owns `mpc completion`: prints a shell's script, made from the commands that there are.
 */
import type { Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { placesOf } from '../completion/tree.ts';
import { zshScript } from '../completion/zsh.ts';

const SCRIPTS = { bash: bashScript, fish: fishScript, zsh: zshScript } as const;

/** `shell` is one that the command line has let through. */
export function completion(shell: keyof typeof SCRIPTS, program: Command): void {
  process.stdout.write(SCRIPTS[shell](placesOf(program)));
}
