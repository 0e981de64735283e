/**
 * Owns the completion script of bash (4 or newer). Must never run mpc: pressing a key costs no process.
 */
import { alternatives, deeperPaths, type Place, quoted, type Value, valuedFlags } from './tree.ts';

export function bashScript(places: readonly Place[]): string {
  const values = valuedFlags(places);
  return `# mpc: completion for bash. Load it with: source <(mpc completion bash)
_mpc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place=mpc value= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ -n $value ]]; then value=; continue; fi
    case "$place \${COMP_WORDS[i]}" in
      ${alternatives(deeperPaths(places))}) place="$place \${COMP_WORDS[i]}" ;;
      ${alternatives(values.flatMap(({ words }) => words))}) value=\${COMP_WORDS[i]} ;;
    esac
  done
  [[ $previous == '=' ]] && return
  if [[ -n $value ]]; then
    case "$place $value" in
${values.map(({ words, value }) => `      ${alternatives(words)}) ${action(value)} ;;`).join('\n')}
    esac
    return
  fi
  case $place in
${places.map(placeCase).join('\n')}
  esac
}
complete -o default -o bashdefault -F _mpc mpc
`;
}

function placeCase({ path, commands, flags, argument }: Place): string {
  const names = flags.flatMap((flag) => flag.names);
  const own = commands.length > 0 ? words(commands.map(({ name }) => name)) : action(argument);
  return `    ${quoted(path)}) if [[ $current == -* ]]; then ${words(names)}; else ${own}; fi ;;`;
}

/** Without words of ours bash offers files by itself, unless it is told not to. */
function action(value: Value | undefined): string {
  if (value?.kind === 'choice') return words(value.choices);
  return value?.kind === 'file' ? ':' : 'compopt +o default +o bashdefault 2>/dev/null';
}

const words = (all: readonly string[]): string =>
  `COMPREPLY=($(compgen -W ${quoted(all.join(' '))} -- "$current"))`;
