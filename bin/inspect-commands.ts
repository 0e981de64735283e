/**
 * Owns the words of the command line that show how roles work.
 */
import { type Command, Option } from 'commander';
import { ROLES } from '../src/config/roles.ts';

export function addInspectCommands(program: Command): void {
  program
    .command('graph')
    .description('the statecharts of a role, drawn from the machines that run')
    .addOption(new Option('--role <role>', 'whose').choices(ROLES).makeOptionMandatory())
    .addOption(
      new Option('--format <format>', 'what to print').choices(['svg', 'mermaid', 'json']).default('svg'),
    )
    .action(async (options) => (await import('./verbs/graph.ts')).graph(options));
}
