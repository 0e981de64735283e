/**
 * Owns what the scripts of bash and zsh say alike: the walk over the words typed so far, and a `case` by what it has found.
 */
import { deeperPaths, type Place, type Value, valuedFlags } from './tree.ts';

/** In single quotes. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A pattern of `case`: any of them. */
const anyOf = (all: readonly string[]): string => all.map(quoted).join('|');

/**
 * Goes over the words before the cursor: `place` is then the command they lead to, and `value` the option whose value comes
 * next. `list` is the shell's array of words, `first` the place in it of the word after `mpc`, `end` its name for the cursor's place.
 */
export const walk = (
  places: readonly Place[],
  { list, first, end }: { readonly list: string; readonly first: number; readonly end: string },
): string => `for ((i = ${first}; i < ${end}; i++)); do
    if [[ -n $value ]]; then value=; continue; fi
    case "$place \${${list}[i]}" in
      ${anyOf(deeperPaths(places))}) place="$place \${${list}[i]}" ;;
      ${anyOf(valuedFlags(places).flatMap(({ words }) => words))}) value=\${${list}[i]} ;;
    esac
  done`;

/** Does for each option that takes a value what `action` says. */
export const byValue = (places: readonly Place[], action: (value: Value) => string): string =>
  `case "$place $value" in
${valuedFlags(places)
  .map(({ words, value }) => `      ${anyOf(words)}) ${action(value)} ;;`)
  .join('\n')}
    esac`;

/** Does for each command what `action` says. */
export const byPlace = (places: readonly Place[], action: (place: Place) => string): string =>
  `case $place in
${places.map((place) => `    ${quoted(place.path)}) ${action(place)} ;;`).join('\n')}
  esac`;
