/**
 * Owns what there is to complete: every command with its options, as the command line itself declares them.
 * Must never name a command or an option of its own.
 */
import type { Command } from 'commander';

/** What can stand where a value is expected. */
export type Value =
  | { readonly kind: 'file' | 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export interface Flag {
  /** `--config`, and a short form where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** undefined for one that takes none. */
  readonly value: Value | undefined;
}

/** One command, by the words that lead to it. */
export interface Place {
  /** `mpc`, `mpc account`, `mpc account register`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly Flag[];
  /** What its first argument is; undefined where it takes none. */
  readonly argument: Value | undefined;
}

export function placesOf(program: Command): Place[] {
  return placesUnder(program, program.name());
}

function placesUnder(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  const place: Place = {
    path,
    commands: commands.map((one) => ({ name: one.name(), description: one.description() })),
    flags: help.visibleOptions(command).map((option) => ({
      names: [option.long, option.short].filter((name) => name !== undefined && name !== null),
      description: option.description,
      value: option.required || option.optional ? valueNamed(option.flags, option.argChoices) : undefined,
    })),
    argument: argument === undefined ? undefined : valueNamed(argument.name(), argument.argChoices),
  };
  // Its own `help` command only repeats what is here already.
  const deeper = commands.filter((one) => one.name() !== 'help');
  return [place, ...deeper.flatMap((one) => placesUnder(one, `${path} ${one.name()}`))];
}

/** By what the value is called: `<file>`, `<program>`, `<party[:table]=file>` are files. */
function valueNamed(name: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined && choices.length > 0) return { kind: 'choice', choices };
  return {
    kind: /file|path|director|program|record/.test(name.replace(/^[^<[]*/, '') || name) ? 'file' : 'text',
  };
}

/** The paths of all commands but the first. */
export const deeperPaths = (places: readonly Place[]): string[] => places.slice(1).map(({ path }) => path);

/** Each option that takes a value, after its command: `mpc run --input`. */
export const valuedFlags = (
  places: readonly Place[],
): { readonly words: string[]; readonly value: Value }[] =>
  places.flatMap(({ path, flags }) =>
    flags.flatMap(({ names, value }) =>
      value === undefined ? [] : [{ words: names.map((name) => `${path} ${name}`), value }],
    ),
  );
